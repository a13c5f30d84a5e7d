// What the shared library offers: the names that carry ARRAYWIRE_API, and no others.
#pragma once

#define ARRAYWIRE_API __attribute__((visibility("default")))
// For a class within an exported one, which would be exported with it.
#define ARRAYWIRE_HIDDEN __attribute__((visibility("hidden")))
