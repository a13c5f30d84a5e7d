#pragma once

#define ARRAYWIRE_VERSION "0.1.0"
