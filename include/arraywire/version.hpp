#pragma once

#define ARRAYWIRE_VERSION "0.1.0"
#define ARRAYWIRE_PROTOCOL_VERSION "1.0"  // proto/protocol.md
