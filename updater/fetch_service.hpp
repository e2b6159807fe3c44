// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"
#include "base/host.hpp"

namespace updater {

/// Fetches for the RemoteFetcher at the other end of the stream, by a CurlFetcher of its own, until
/// that has gone. It sees nothing and changes nothing on this machine, and so can be kept from
/// both: what it brings is checked at the other end, as what a server says. Throws Kind::network
/// if what is asked makes no sense.
void serve_fetches(base::Fd stream, base::Clock &clock);

} // namespace updater
