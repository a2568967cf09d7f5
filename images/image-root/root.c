#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image-root.h"

// Where things are in the root that the guest began with, and where that is for the moment between the two.
#define LAYERS "/mnt/layers"
#define DISK "/mnt/disk"
#define ROOT "/mnt/root"
#define OLD_ROOT "run/old"

#define MAX_LAYER_NAME 12
// The kernel takes a page of options.
#define MAX_OPTIONS 4096
// Names that the guest was given are a few lines; more than that is no name.
#define MAX_NAMES 65536

static void mount_at(const char *source, const char *target, const char *type, unsigned long flags, const char *options) {
  if (mount(source, target, type, flags, options) == 0) return;
  const char *const words[] = {"mounting ", source, " on ", target, " failed"};
  char what[256] = "";
  join(what, sizeof what, words, 5);
  fail("mount", what);
}

static void need_directory(const char *path) {
  struct stat status;
  if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return;
  if (make_directories(path) < 0) fail("mkdir", path);
}

// The name of a layer's directory, and a colon before all but the first. Its length.
static size_t name_layer(char *to, int layer, int first) {
  char digits[12];
  size_t length = 0, at = 0;
  do digits[length++] = (char)('0' + layer % 10);
  while ((layer /= 10) > 0);
  if (!first) to[at++] = ':';
  while (length > 0) to[at++] = digits[--length];
  return at;
}

// Overlayfs wants the highest first. Names relative to the layers keep the options of a hundred of them on one page.
static void mount_overlay(int layers) {
  static const char before[] = "lowerdir=", after[] = ",upperdir=" DISK "/upper,workdir=" DISK "/work";
  char options[MAX_OPTIONS];
  size_t length = sizeof before - 1;
  memcpy(options, before, length);
  for (int layer = layers - 1; layer >= 0; layer--) {
    if (length + MAX_LAYER_NAME + sizeof after > sizeof options) fail_because("mount", "overlay", "Too many layers");
    length += name_layer(options + length, layer, layer == layers - 1);
  }
  memcpy(options + length, after, sizeof after);
  if (chdir(LAYERS) < 0) fail("chdir", LAYERS);
  mount_at("root", ROOT, "overlay", 0, options);
}

// As a link the target would lead out of the image, or to what another program keeps.
static void copy_names(const char *from, const char *to) {
  static char text[MAX_NAMES];
  int input = open(from, O_RDONLY | O_CLOEXEC);
  if (input < 0) return;
  ssize_t length = read(input, text, sizeof text);
  close(input);
  int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
  int output = open(to, flags, 0644);
  if (output < 0 && errno == ELOOP && unlink(to) == 0) output = open(to, flags, 0644);
  if (output < 0 || length < 0 || write(output, text, (size_t)length) != length) fail("write", to);
  close(output);
}

void prepare_root(int layers) {
  static const char *const places[] = {"proc", "sys", "dev", "run", "tmp", "etc", "var/log"};
  static const char *const moved[][2] = {{"/proc", "proc"}, {"/sys", "sys"}, {"/dev", "dev"}, {"/run", "run"}, {"/tmp", "tmp"}};
  static const char *const names[][2] = {{"/etc/hosts", "etc/hosts"},
                                         {"/etc/hostname", "etc/hostname"},
                                         {"/etc/resolv.conf", "etc/resolv.conf"}};
  need_directory(LAYERS);
  need_directory(DISK);
  need_directory(ROOT);
  need_directory("/" OLD_ROOT);
  const char *share = "trans=virtio,version=9p2000.L,msize=524288,cache=loose";
  mount_at("image", LAYERS, "9p", MS_RDONLY, share);
  mount_at("/dev/vda", DISK, "ext4", 0, NULL);
  need_directory(DISK "/upper");
  need_directory(DISK "/work");
  mount_overlay(layers);
  if (chdir(ROOT) < 0) fail("chdir", ROOT);
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) need_directory(places[i]);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) copy_names(names[i][0], names[i][1]);
  for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) mount_at(moved[i][0], moved[i][1], NULL, MS_MOVE, NULL);
}

void enter_root(void) {
  // Whoever was in the old root is in the new one then (pivot_root(2)); the files that are still open outlive it.
  if (syscall(SYS_pivot_root, ".", OLD_ROOT) < 0) fail("pivot_root", ROOT);
  if (chdir("/") < 0) fail("chdir", "/");
  if (umount2("/" OLD_ROOT, MNT_DETACH) < 0) fail("umount", "/" OLD_ROOT);
  rmdir("/" OLD_ROOT);
}
