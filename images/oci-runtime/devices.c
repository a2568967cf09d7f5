#include "devices.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "error.h"
#include "kernel.h"
#include "mounts.h"
#include "root-path.h"

struct device {
  const char *path;
  mode_t kind;
  unsigned major, minor;
  mode_t mode;
  uid_t uid;
  gid_t gid;
};

// runtime-spec, config-linux.md, "Default Devices"; console comes with a terminal, ptmx is a link.
static const struct device defaults[] = {
    {"/dev/null", S_IFCHR, 1, 3, 0666, 0, 0},   {"/dev/zero", S_IFCHR, 1, 5, 0666, 0, 0},
    {"/dev/full", S_IFCHR, 1, 7, 0666, 0, 0},   {"/dev/random", S_IFCHR, 1, 8, 0666, 0, 0},
    {"/dev/urandom", S_IFCHR, 1, 9, 0666, 0, 0}, {"/dev/tty", S_IFCHR, 5, 0, 0666, 0, 0},
};

static const char *const links[][2] = {
    {"/proc/self/fd", "fd"},       {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"},
    {"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"}, {"/proc/kcore", "core"},
};

static int bind_device(const struct device *device, int root) {
  int tree = take_tree(device->path, false);
  if (tree < 0) return -1;
  int target = root_make(root, device->path, ENTRY_FILE, 0644);
  int result = target < 0 ? -1 : put_tree(tree, target, device->path);
  if (target >= 0) close(target);
  close(tree);
  return result;
}

static int make_device(const struct device *device, int root) {
  const char *name;
  int directory = root_parent(root, device->path, &name);
  if (directory < 0) return -1;
  dev_t number = makedev(device->major, device->minor);
  int failed = mknodat(directory, name, device->kind | device->mode, number);
  if (failed && errno == EEXIST) {
    struct stat status;
    failed = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW);
    if (!failed && ((status.st_mode & S_IFMT) != device->kind || status.st_rdev != number)) {
      unlinkat(directory, name, 0);
      failed = mknodat(directory, name, device->kind | device->mode, number);
    }
  }
  if (!failed && (device->uid || device->gid)) {
    failed = fchownat(directory, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW);
  }
  if (failed) fail_os("mknod %s", device->path);
  close(directory);
  return failed ? -1 : 0;
}

static bool number_of(const struct json *item, const char *key, unsigned *number) {
  int64_t value;
  const struct json *member = json_get(item, key);
  if (!member) return true;
  if (!json_int(member, &value) || value < 0 || value > 0xffffffffll) return false;
  *number = (unsigned)value;
  return true;
}

static int parse_device(const struct json *item, struct device *device) {
  const char *type = json_text(json_get(item, "type"), "");
  *device = (struct device){.path = json_text(json_get(item, "path"), NULL), .mode = 0666};
  if (!device->path || *device->path != '/') return fail(INVALID_ARGUMENT, "A device has no path");
  switch (*type) {
    case 'c':
    case 'u': device->kind = S_IFCHR; break;
    case 'b': device->kind = S_IFBLK; break;
    case 'p': device->kind = S_IFIFO; break;
    default: return fail(INVALID_ARGUMENT, "%s: unknown type of device %s", device->path, type);
  }
  unsigned mode = 0666;
  if (!number_of(item, "major", &device->major) || !number_of(item, "minor", &device->minor) ||
      !number_of(item, "fileMode", &mode) || !number_of(item, "uid", &device->uid) ||
      !number_of(item, "gid", &device->gid)) {
    return fail(INVALID_ARGUMENT, "%s: a number of this device is none", device->path);
  }
  device->mode = mode & 07777;
  return 0;
}

static int make_links(int root) {
  int dev = root_make(root, "/dev", ENTRY_DIRECTORY, 0755);
  if (dev < 0) return -1;
  int result = 0;
  for (size_t i = 0; i < sizeof links / sizeof *links && result == 0; i++) {
    // An image may have a file of that name, which only a link of its own shall keep.
    if (strcmp(links[i][1], "ptmx") == 0) unlinkat(dev, "ptmx", 0);
    if (symlinkat(links[i][0], dev, links[i][1]) < 0 && errno != EEXIST) result = fail_os("link /dev/%s", links[i][1]);
  }
  close(dev);
  return result;
}

int devices_make(const struct json *config, int root, bool by_binding, bool own_dev) {
  if (!own_dev) return 0;
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
    if ((by_binding ? bind_device : make_device)(&defaults[i], root) < 0) return -1;
  }
  json_each(item, json_find(config, "linux.devices")) {
    struct device device;
    if (parse_device(item, &device) < 0 || (by_binding ? bind_device : make_device)(&device, root) < 0) return -1;
  }
  return make_links(root);
}
