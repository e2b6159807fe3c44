// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"

#include <string>

namespace verity {

/// The type of the file system in a range of a file or device, by its superblock as libblkid reads
/// it ("ext4", "crypto_LUKS"); empty if there is none, or several.
std::string file_system_type(const base::Fd &file, const base::ByteRange &range);

} // namespace verity
