// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace support {

/// From here on this process has mounts of its own, and may mount: a plain user becomes root of a
/// user namespace for it. Doing it again does nothing. Throws base::Error where neither is allowed.
void enter_private_mounts();

} // namespace support
