// Everything but the adapters (arraywire/adapt/).
#pragma once

#include "arraywire/publisher.hpp"   // IWYU pragma: export
#include "arraywire/subscriber.hpp"  // IWYU pragma: export
#include "arraywire/version.hpp"     // IWYU pragma: export
