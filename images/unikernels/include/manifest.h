/*
 * The devices of a module, as the custom section that is checked before it starts: once in a program, beside its code,
 *
 *   SOLO5_MANIFEST(SOLO5_NET("service") "," SOLO5_BLOCK("data"))
 *
 * Without devices: SOLO5_MANIFEST("").
 */
#ifndef SOLO5_MANIFEST_H
#define SOLO5_MANIFEST_H

#define SOLO5_NET(name) SOLO5_DEVICE(name, "NET_BASIC")
#define SOLO5_BLOCK(name) SOLO5_DEVICE(name, "BLOCK_BASIC")
#define SOLO5_DEVICE(name, type) "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":\\\"" type "\\\"}"

#define SOLO5_MANIFEST(devices)                                                                       \
  __asm__(".section .custom_section.solo5.manifest,\"\",@\n.ascii \"{\\\"type\\\":\\\"solo5.manifest\\\"," \
          "\\\"version\\\":1,\\\"devices\\\":[" devices "]}\"\n.text\n")

#endif
