# What people type and CI runs. Each recipe does nothing for what is already there.

set positional-arguments

[private]
default:
    @"{{just_executable()}}" --list --unsorted

# Bake images: [VARIANT...] [--locked] [arch=ARCH] [with=OPTION] [jobs=N]; without names the default set
build-lima-images *args: setup tools
    @ci/build-images "$@"

# The images there are, and their state
list *args: setup tools
    @build/tools/tools/kiln-plan/kiln-plan list "$@"

# Resolve a variant's packages anew: VARIANT [arch=ARCH] [with=OPTION]
lock +args: setup tools
    @ci/lock "$@"

# Run every test this machine can run
test *args: setup-tests
    @ci/run-tests "$@"

# The tools' own tests only (unit and command line)
test-tools *args: setup-tests tools
    @meson test -C build/tools --print-errorlogs "$@"

# Formatting, shell scripts, manual pages, layering
lint: setup-tests tools
    @ci/check-tree

# Speed of the tools against the usual ones
bench *args: setup-tests tools
    @ci/bench "$@"

# Build the tools into build/tools
tools: setup
    @ci/build-tools

# Install the host packages that building needs
setup:
    @ci/setup build

# Install the host packages that building and testing need
setup-tests:
    @ci/setup build test

# Remove build/; the cache of downloaded packages stays
clean:
    rm -rf build
