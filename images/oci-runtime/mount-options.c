#include "mount-options.h"

#include <string.h>
#include <sys/mount.h>

#include "error.h"

// Options that set or clear an attribute of one mount; with an r before the name, of all mounts below it too.
static const struct attribute {
  const char *name;
  uint64_t set, clear;
  unsigned long flag;
  bool clears;
} attributes[] = {
    {"ro", ATTR_RDONLY, 0, MS_RDONLY, false},
    {"rw", 0, ATTR_RDONLY, MS_RDONLY, true},
    {"nosuid", ATTR_NOSUID, 0, MS_NOSUID, false},
    {"suid", 0, ATTR_NOSUID, MS_NOSUID, true},
    {"nodev", ATTR_NODEV, 0, MS_NODEV, false},
    {"dev", 0, ATTR_NODEV, MS_NODEV, true},
    {"noexec", ATTR_NOEXEC, 0, MS_NOEXEC, false},
    {"exec", 0, ATTR_NOEXEC, MS_NOEXEC, true},
    {"noatime", ATTR_NOATIME, ATTR_ATIME, MS_NOATIME, false},
    {"atime", ATTR_RELATIME, ATTR_ATIME, MS_NOATIME, true},
    {"relatime", ATTR_RELATIME, ATTR_ATIME, MS_RELATIME, false},
    {"norelatime", 0, 0, MS_RELATIME, true},
    {"strictatime", ATTR_STRICTATIME, ATTR_ATIME, MS_STRICTATIME, false},
    {"nostrictatime", ATTR_RELATIME, ATTR_ATIME, MS_STRICTATIME, true},
    {"nodiratime", ATTR_NODIRATIME, 0, MS_NODIRATIME, false},
    {"diratime", 0, ATTR_NODIRATIME, MS_NODIRATIME, true},
    {"nosymfollow", ATTR_NOSYMFOLLOW, 0, 256, false},
    {"symfollow", 0, ATTR_NOSYMFOLLOW, 256, true},
};

// Of the file system and not of the mount.
static const struct flag {
  const char *name;
  unsigned long flag;
  bool clears;
} flags[] = {
    {"sync", MS_SYNCHRONOUS, false}, {"async", MS_SYNCHRONOUS, true},   {"dirsync", MS_DIRSYNC, false},
    {"mand", MS_MANDLOCK, false},    {"nomand", MS_MANDLOCK, true},     {"silent", MS_SILENT, false},
    {"loud", MS_SILENT, true},       {"iversion", MS_I_VERSION, false}, {"noiversion", MS_I_VERSION, true},
    {"defaults", 0, false},
};

static const struct {
  const char *name;
  unsigned long flags;
} propagations[] = {
    {"private", MS_PRIVATE},         {"rprivate", MS_PRIVATE | MS_REC},
    {"shared", MS_SHARED},           {"rshared", MS_SHARED | MS_REC},
    {"slave", MS_SLAVE},             {"rslave", MS_SLAVE | MS_REC},
    {"unbindable", MS_UNBINDABLE},   {"runbindable", MS_UNBINDABLE | MS_REC},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

unsigned long propagation_flags(const char *name) {
  for (size_t i = 0; i < COUNT(propagations); i++) {
    if (strcmp(name, propagations[i].name) == 0) return propagations[i].flags;
  }
  return 0;
}

static void add(struct mount_attributes *to, const struct attribute *attribute) {
  to->set = (to->set & ~attribute->clear) | attribute->set;
  to->clear = (to->clear & ~attribute->set) | attribute->clear;
}

static bool take_attribute(struct mount_options *o, const char *name) {
  for (size_t i = 0; i < COUNT(attributes); i++) {
    const struct attribute *attribute = &attributes[i];
    bool below = *name == 'r' && strcmp(name + 1, attribute->name) == 0;
    if (!below && strcmp(name, attribute->name) != 0) continue;
    add(&o->own, attribute);
    if (below) add(&o->below, attribute);
    o->flags = attribute->clears ? o->flags & ~attribute->flag : o->flags | attribute->flag;
    return true;
  }
  return false;
}

static bool take_flag(struct mount_options *o, const char *name) {
  for (size_t i = 0; i < COUNT(flags); i++) {
    if (strcmp(name, flags[i].name) != 0) continue;
    o->flags = flags[i].clears ? o->flags & ~flags[i].flag : o->flags | flags[i].flag;
    return true;
  }
  return false;
}

int mount_options_parse(struct arena *arena, const struct json *options, struct mount_options *result) {
  *result = (struct mount_options){0};
  const char *data = NULL;
  json_each(option, options) {
    const char *name = json_text(option, NULL);
    if (!name) return fail(INVALID_ARGUMENT, "A mount has an option that is no string");
    if (strcmp(name, "bind") == 0 || strcmp(name, "rbind") == 0) {
      result->bind = true;
      result->recursive |= *name == 'r';
    } else if (strcmp(name, "idmap") == 0 || strcmp(name, "ridmap") == 0 || strcmp(name, "tmpcopyup") == 0) {
      return fail(UNIMPLEMENTED, "The mount option %s is not supported", name);
    } else if (propagation_flags(name)) {
      result->propagation = propagation_flags(name);
    } else if (!take_attribute(result, name) && !take_flag(result, name)) {
      data = data ? arena_format(arena, "%s,%s", data, name) : name;
    }
  }
  result->data = data;
  return 0;
}
