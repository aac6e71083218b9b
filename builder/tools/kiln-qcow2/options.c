#include "options.h"

#include "image/qcow2_write.h"

#define OPTIONS(list) list, sizeof(list) / sizeof((list)[0])
#define FIELD(name) offsetof(struct qcow2_cli, name)
#define OUTPUT_OPTION(what)                                            \
	{                                                              \
		"output", 'o', CLI_STRING, FIELD(output), "FILE", what \
	}
#define FORMAT_OPTION                                                      \
	{                                                                  \
		"format", 0, CLI_CHOICE, FIELD(format), "raw|qcow2",       \
			"the input's format; default: qcow2 for names in " \
			".qcow2, else raw"                                 \
	}
#define SNAPSHOT_OPTION                                                               \
	{                                                                             \
		"snapshot", 0, CLI_STRING, FIELD(snapshot), "NAME",                   \
			"of a qcow2 input, by ID or name; default: the disk as it is" \
	}
#define THREADS_OPTION(what)                                                     \
	{                                                                        \
		"threads", 't', CLI_RANGE, FIELD(threads), CLI_THREADS,          \
			what " with that many threads; default: one a processor" \
	}

static const struct cli_option compress_options[] = {
	OUTPUT_OPTION("the image to write"),
	{"level", 'l', CLI_RANGE, FIELD(level), "1..12",
		"from fast to small; default 6, for zstd in 64 KiB clusters 3"},
	{"type", 0, CLI_CHOICE, FIELD(type), "deflate|zstd",
		"how clusters are compressed; default deflate, zstd is for QEMU only"},
	{"cluster-size", 0, CLI_SIZE, FIELD(cluster_size), "SIZE",
		"with zstd: 64KiB to 2MiB; default 64KiB"},
	{"window", 0, CLI_CHOICE, FIELD(window), "12|15",
		"deflate's matches reach back 4 KiB or 32 KiB; default 15"},
	{"share", 0, CLI_FLAG, FIELD(share), NULL, "store equal compressed clusters once"},
	THREADS_OPTION("compress"),
	FORMAT_OPTION,
	SNAPSHOT_OPTION,
	{"engine", 0, CLI_CHOICE, FIELD(engine), "kiln|qemu-img",
		"what compresses; default kiln, this program"},
	{"report", 0, CLI_STRING, FIELD(report), "FILE",
		"write sizes and SHA-256 of image and disk as JSON"},
};

static const struct cli_option verify_options[] = {
	THREADS_OPTION("compare"),
	{"rule", 0, CLI_CHOICE, FIELD(rule), "lima|qemu",
		"what the image is held to; default lima"},
	{"sha256", 0, CLI_STRING, FIELD(sha256), "HEX",
		"without DISK.raw: the digest that the disk must have"},
	{"snapshot", 0, CLI_STRING, FIELD(snapshot), "NAME",
		"with --rule=qemu: the disk as of that snapshot"},
};

static const struct cli_option extract_options[] = {
	OUTPUT_OPTION("the raw disk to write"),
	THREADS_OPTION("decompress"),
	{"snapshot", 0, CLI_STRING, FIELD(snapshot), "NAME",
		"the disk as of that snapshot, by ID or name; 'current': as it is now"},
};

static const struct cli_option pack_options[] = {
	OUTPUT_OPTION("the file to write"),
	{"zst", 0, CLI_FLAG, FIELD(zst), NULL, "write zstd frames, not xz"},
	{"level", 'l', CLI_RANGE, FIELD(pack_level), "0..12",
		"xz: preset 0 to 9, default 6; with --zst: 1 to 12, default 3"},
	THREADS_OPTION("compress"),
	FORMAT_OPTION,
	SNAPSHOT_OPTION,
	{"report", 0, CLI_STRING, FIELD(report), "FILE",
		"write sizes and SHA-256 of the file and of the disk as JSON"},
};

static const struct cli_option info_options[] = {
	{"json", 0, CLI_FLAG, FIELD(json), NULL, "write JSON"},
};

static const struct cli_option map_options[] = {
	{"json", 0, CLI_FLAG, FIELD(json), NULL, "write JSON"},
	{"snapshot", 0, CLI_STRING, FIELD(snapshot), "NAME",
		"the disk as of that snapshot; default: as it is now"},
};

static const struct cli_command commands[] = {
	{"compress", "DISK -o IMAGE.qcow2", "write a disk as a compressed image", 1, 1,
		OPTIONS(compress_options), compress_run},
	{"verify", "[DISK.raw] DISK.qcow2",
		"hold an image to the rules for Lima and to the raw disk", 1, 2,
		OPTIONS(verify_options), verify_run},
	{"extract", "IMAGE.qcow2 -o DISK.raw", "read the disk out of any plain qcow2 image", 1, 1,
		OPTIONS(extract_options), extract_run},
	{"info", "IMAGE.qcow2", "say what an image is, and what its clusters are used for", 1, 1,
		OPTIONS(info_options), info_run},
	{"map", "IMAGE.qcow2", "list the ranges of the disk and how each is stored", 1, 1,
		OPTIONS(map_options), map_run},
	{"pack", "IMAGE -o FILE.xz", "write the disk as a .xz or .zst file to distribute", 1, 1,
		OPTIONS(pack_options), pack_run},
};

static void init(void *opts)
{
	struct qcow2_cli *o = opts;

	o->engine = "kiln";
	o->type = "deflate";
	o->rule = "lima";
	o->pack_level = LEVEL_DEFAULT;
	o->cluster_size = 1u << QCOW2_WRITE_CLUSTER_BITS;
	o->threads = cli_default_threads();
}

const struct cli_tool qcow2_tool = {
	.name = "kiln-qcow2",
	.summary = "deterministic compressed qcow2 images",
	.commands = commands,
	.n_commands = sizeof(commands) / sizeof(commands[0]),
	.options_size = sizeof(struct qcow2_cli),
	.init = init,
	.notes = "The image's bytes depend on the disk, how it is stored and the compressor's "
		 "version only.",
};
