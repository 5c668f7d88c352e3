/* Takes pyxis's options (https://github.com/NVIDIA/pyxis) and starts no container: it writes what was asked for, one
   option a line, to RECORDS/JOB.STEP.NODE, and marks the task's environment. Of a container it makes only the folder,
   ROOTS/NODE/pyxis_NAME, as with container_scope=global; ROOTS/NODE.imports gets a line for each image that is unpacked.
   Its arguments in plugstack.conf are RECORDS and ROOTS. */
#include <errno.h>
#include <slurm/slurm.h>
#include <slurm/spank.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

SPANK_PLUGIN(pyxis, 1)

static int take(int which, const char *value, int remote);

struct spank_option spank_options[] = {
    {"container-image", "[USER@][REGISTRY#]IMAGE[:TAG]|PATH", "[pyxis] image", 1, 0, take},
    {"container-mounts", "SRC:DST[:FLAGS][,SRC:DST...]", "[pyxis] bind mounts", 1, 1, take},
    {"container-workdir", "PATH", "[pyxis] working directory", 1, 2, take},
    {"container-name", "NAME", "[pyxis] name of the container filesystem", 1, 3, take},
    {"container-env", "NAME[,NAME...]", "[pyxis] variables that override the image's", 1, 4, take},
    {"container-mount-home", NULL, "[pyxis] bind mount the home", 0, 5, take},
    {"no-container-mount-home", NULL, "[pyxis] do not bind mount the home", 0, 6, take},
    {"container-remap-root", NULL, "[pyxis] be root inside", 0, 7, take},
    {"no-container-remap-root", NULL, "[pyxis] do not be root inside", 0, 8, take},
    {"container-entrypoint", NULL, "[pyxis] run the image's entrypoint", 0, 9, take},
    {"no-container-entrypoint", NULL, "[pyxis] do not run the image's entrypoint", 0, 10, take},
    {"container-writable", NULL, "[pyxis] writable container filesystem", 0, 11, take},
    {"container-readonly", NULL, "[pyxis] read-only container filesystem", 0, 12, take},
    SPANK_OPTIONS_TABLE_END};

#define OPTIONS (sizeof spank_options / sizeof *spank_options - 1)

static char *taken[OPTIONS];

static int take(int which, const char *value, int remote) {
  (void)remote;
  if (spank_options[which].has_arg && (value == NULL || *value == '\0')) {
    slurm_error("pyxis: --%s: argument required", spank_options[which].name);
    return -1;
  }
  free(taken[which]);
  taken[which] = strdup(value ? value : "");
  return 0;
}

/* enroot fails when the source of a mount is not there. Returns the first such source of SRC:DST[:FLAGS][,...]. */
static const char *missing_source(const char *mounts) {
  static char source[4096];

  while (mounts && *mounts) {
    size_t length = strcspn(mounts, ":,");
    snprintf(source, sizeof source, "%.*s", (int)length, mounts);
    if (source[0] == '/' && access(source, F_OK) != 0) return source;
    mounts += strcspn(mounts, ",");
    mounts += *mounts == ',';
  }
  return NULL;
}

/* Makes, or finds, the container of a step as pyxis does: it looks whether there is one of that name, and if not imports
   the image, which takes a while, and unpacks it, which fails where another step has been quicker. A container without a
   name is the step's own. */
static int get_container(const char *roots, const char *node, const char *image, uint32_t job, uint32_t step) {
  char name[256], path[4096];
  char *flags = NULL;
  FILE *imports;

  if (taken[3]) {
    snprintf(name, sizeof name, "%s", taken[3]);
    flags = strchr(name, ':');
    if (flags) *flags++ = '\0';
    if (flags && strcmp(flags, "auto") && strcmp(flags, "create") && strcmp(flags, "exec") && strcmp(flags, "no_exec")) {
      slurm_error("pyxis: --container-name: flag must be \"auto\", \"create\", \"exec\" or \"no_exec\"");
      return -1;
    }
  } else {
    snprintf(name, sizeof name, "%u.%u", job, step);
  }
  snprintf(path, sizeof path, "%s/%s", roots, node);
  mkdir(path, 0777);
  snprintf(path, sizeof path, "%s/%s/pyxis_%s", roots, node, name);
  if (access(path, F_OK) == 0) {
    if (flags == NULL || strcmp(flags, "create")) return 0;
    slurm_error("pyxis: error: \"create\" flag was passed to --container-name but the container already exists");
    return -1;
  }
  if (image == NULL) {
    slurm_error("pyxis: error: a container with name \"pyxis_%s\" does not exist, and --container-image is not set", name);
    return -1;
  }
  snprintf(path, sizeof path, "%s/%s.imports", roots, node);
  imports = fopen(path, "a");
  if (imports == NULL) {
    slurm_error("pyxis: %s: %s", path, strerror(errno));
    return -1;
  }
  fprintf(imports, "%u.%u %s\n", job, step, image);
  fclose(imports);
  nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
  if (taken[3] == NULL) return 0;
  snprintf(path, sizeof path, "%s/%s/pyxis_%s", roots, node, name);
  if (mkdir(path, 0700) == 0) return 0;
  slurm_error("pyxis: failed to create container filesystem");
  slurm_error("pyxis:     [ERROR] File already exists: %s", path);
  return -1;
}

/* In slurmstepd, as the user, once a node. */
static int prepare(spank_t spank, int ac, char **av) {
  const char *image = taken[0], *missing;
  char host[256];
  char path[4096];
  uint32_t job, step, node;
  FILE *record;

  if (image && image[0] == '/' && access(image, R_OK) != 0) {
    slurm_error("pyxis: failed to create container filesystem from %s: %s", image, strerror(errno));
    return -1;
  }
  missing = missing_source(taken[1]);
  if (missing) {
    slurm_error("pyxis: container start failed with error code: 1");
    slurm_error("pyxis:     enroot-mount: failed to mount: %s: No such file or directory", missing);
    return -1;
  }
  if (ac < 2 || gethostname(host, sizeof host) || spank_get_item(spank, S_JOB_ID, &job) || spank_get_item(spank, S_JOB_STEPID, &step) ||
      spank_get_item(spank, S_JOB_NODEID, &node))
    return -1;
  host[strcspn(host, ".")] = '\0';
  if (get_container(av[1], host, image, job, step)) return -1;
  snprintf(path, sizeof path, "%s/%u.%u.%u", av[0], job, step, node);
  record = fopen(path, "w");
  if (record == NULL) {
    slurm_error("pyxis: %s: %s", path, strerror(errno));
    return -1;
  }
  for (size_t i = 0; i < OPTIONS; i++)
    if (taken[i]) fprintf(record, "%s=%s\n", spank_options[i].name, taken[i]);
  fclose(record);
  spank_setenv(spank, "TEST_CONTAINER_IMAGE", image ? image : "", 1);
  return 0;
}

static int failed;

int slurm_spank_user_init(spank_t spank, int ac, char **av) {
  if (spank_remote(spank) && (taken[0] || taken[3])) failed = prepare(spank, ac, av);
  return 0;
}

/* srun hears of errors only from here: https://bugs.schedmd.com/show_bug.cgi?id=7573 */
int slurm_spank_task_init(spank_t spank, int ac, char **av) {
  (void)spank, (void)ac, (void)av;
  return failed;
}
