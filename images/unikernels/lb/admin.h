#ifndef LB_ADMIN_H
#define LB_ADMIN_H

#include <stdint.h>

/*
 *   GET /stats                       PUT /algorithm                    its name as the body
 *   PUT /backends/ADDRESS:PORT       adds it, or ends its draining
 *   DELETE /backends/ADDRESS:PORT    drains it, then removes it
 *   POST /backends/ADDRESS:PORT/drain
 */
void admin_serve(uint16_t port);

#endif
