# What people type and CI runs. Each recipe does nothing for what is already there.

set positional-arguments

[private]
default:
    @"{{just_executable()}}" --list --unsorted

# Bake images: [VARIANT...] [--locked] [arch=ARCH] [with=OPTION] [base=FILE] [pack=xz|zst] [jobs=N]; without names the default set
[no-exit-message]
build-lima-images *args: setup tools
    @LIMEKILN_FROM={{quote(invocation_directory())}} ci/build-images "$@"

# The images there are, and their state
list *args: setup tools
    @build/tools/tools/kiln-plan/kiln-plan list "$@"

# Resolve a variant's base image and packages anew: VARIANT [arch=ARCH] [with=OPTION]
[no-exit-message]
lock +args: setup tools
    @ci/lock "$@"

# Run every test this machine can run
[no-exit-message]
test *args: (setup "test")
    @ci/run-tests "$@"

# The tools' own tests only (unit and command line)
[no-exit-message]
test-tools *args: (setup "test") tools
    @meson test -C build/tools --print-errorlogs "$@"

# Formatting, shell scripts, manual pages, layering
[no-exit-message]
lint: (setup "test") tools
    @ci/check-tree

# Speed of the tools against the usual ones: [disk|qcow2|guest|build]... [image=VARIANT] [runs=N]
[no-exit-message]
bench *args: (setup "bench") tools
    @ci/bench "$@"

# Build the tools into build/tools
[no-exit-message]
tools: setup
    @ci/build-tools

# Install the host packages that building needs; `setup test`: that testing needs, too
[no-exit-message]
setup *sections:
    @ci/setup build "$@"

# Remove build/; the cache of downloaded packages stays
clean:
    rm -rf build
