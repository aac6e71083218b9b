/* How each stage is run: the command, its key, what goes in and what comes out. */
#ifndef KILN_PLAN_STAGE_EDGES_H
#define KILN_PLAN_STAGE_EDGES_H

#include "base/err.h"
#include "edge.h"
#include "stages.h"

/* Locked packages into the cache, and a local repository of them. */
int stage_packages(const struct stages *s, struct edge *ed, struct err *e);
/* Template to the operations on the base image. */
int stage_customize(const struct stages *s, struct edge *ed, struct err *e);
/* The repository, and the base image where there is one, to rootfs.tar. */
int stage_rootfs(const struct stages *s, struct edge *ed, struct err *e);
/* Templates to configuration files. */
int stage_render(const struct stages *s, struct edge *ed, struct err *e);
/* rootfs.tar and files to disk.raw. */
int stage_disk(const struct stages *s, struct edge *ed, struct err *e);
/* disk.raw to the image. */
int stage_qcow2(const struct stages *s, struct edge *ed, struct err *e);
/* The image held against disk.raw, by us and by qemu-img. */
int stage_verify(const struct stages *s, struct edge *ed, struct err *e);
/* disk.raw to a file to distribute, and that unpacked again by the usual program. */
int stage_pack(const struct stages *s, struct edge *ed, struct err *e);
/* The policy on what is in the image. */
int stage_check(const struct stages *s, struct edge *ed, struct err *e);
/* lima.yaml, with the image's digest. */
int stage_lima(const struct stages *s, struct edge *ed, struct err *e);
/* manifest.json and SHA256SUMS. */
int stage_manifest(const struct stages *s, struct edge *ed, struct err *e);

#endif
