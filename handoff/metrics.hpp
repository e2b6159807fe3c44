// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/status.hpp"

#include <string>

namespace handoff {

/// A status in the text format of Prometheus, as the textfile collector of its node exporter reads
/// it: gauges whose names begin with "strake_".
std::string metrics_of(const MachineStatus &status);

/// Writes the machine's where MetricsFile= says; does nothing, and looks at nothing else, where it
/// says nothing. Readers see the old file or the new one, whole.
void write_metrics(const base::Host &host);

} // namespace handoff
