// strata-files: files of a container's root, with no way out of it.
#pragma once
#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

// What the caller makes a typed error of: the first word of the one line on stderr.
#define NOT_FOUND "NotFound"
#define INVALID "InvalidArgument"
#define REFUSED "FailedPrecondition"
#define FULL "ResourceExhausted"
#define BROKEN "Internal"

// Where the ids of the container's users begin in the host: 0 unless it has a user namespace of its own.
extern uint32_t first_id;
// The container's files as it sees them, for an upper directory in which files may lack their contents, and directories
// that were moved what they brought along (overlayfs with metacopy and redirect_dir); else NULL.
extern const char *whole;

// Says what is wrong and ends the program.
_Noreturn void fail(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));
// The same for a system call that failed with errno: the call, what it was about.
_Noreturn void fail_call(const char *call, const char *path);

void *allocate(void *before, size_t size);
char *join(const char *directory, const char *name);
void write_all(const void *bytes, size_t length);
// False at the end of the input.
bool read_exactly(void *bytes, size_t length);

// Names of a directory in the order of their bytes, without . and .., and how many.
char **list_names(const char *path, size_t *count);
void free_names(char **names, size_t count);

// Everything below a path and itself; a symbolic link is removed, not followed.
void remove_tree(const char *path);

// --- files that are being written -----------------------------------------------------------------
struct draft {
  int fd;
  // Else it has no name at all yet.
  bool named;
};

// A new file that is to have that path.
struct draft draft_open(const char *path);
// Gives it, whole, that path, and closes it. What had the path is gone then.
void draft_name(struct draft *draft, const char *path);

// --- writing tar (POSIX pax; SCHILY.xattr for extended attributes) ---------------------------------
enum { TAR_FILE = '0', TAR_LINK = '1', TAR_SYMLINK = '2', TAR_CHARACTER = '3', TAR_BLOCK = '4', TAR_DIRECTORY = '5', TAR_FIFO = '6' };

// `source` is where the file's bytes and attributes are; a link's target is read there too.
void tar_put(const char *name, const char *source, const struct stat *status);
// A plain empty file.
void tar_put_mark(const char *name, const struct stat *like);
void tar_finish(void);

// --- the commands -----------------------------------------------------------------------------------
void pack(const char *path, const char *name, bool apart);
void unpack(const char *path, int argc, char **argv);
void layer(const char *upper, int argc, char **argv);
void changes(const char *upper, const char *lower, int argc, char **argv);

// Whether a path of a container is one that only the runtime made, to mount something there.
bool is_mount_point(const char *path, const char *source, const struct stat *status, int argc, char **argv);
bool is_whiteout(const struct stat *status);
bool is_opaque(const char *path);
// Whether that directory of an upper one has, from below, what another path had.
bool is_moved(const char *path);
