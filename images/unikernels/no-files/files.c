/* A module without files of its own. */
#include "../libos/libos.h"

const struct file embedded_files[1] = {{0}};
const size_t embedded_file_count = 0;
