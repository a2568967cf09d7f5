// How the name begins that a file has until it is whole, where it cannot be without one. A host looks for such when it
// begins: images/oci-runtime/host.c.
#pragma once
#define DRAFT_PREFIX ".strata-unpack."
