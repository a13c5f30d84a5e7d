// What the processors are worth just now. On a virtual machine the host moves them and runs others beside them, and says so
// nowhere: not as stolen time.
#pragma once

namespace bench {

struct HostState {
  double line_ns = 0;       // a line of memory gets from one core to another; 0: there is only one
  double steps_per_ns = 0;  // of arithmetic, on the slower of two cores that are both at work; of one where there is but one
};

// Takes about a millisecond of both cores; nothing else should run meanwhile.
HostState host_state();

}  // namespace bench
