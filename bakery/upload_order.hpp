// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/index_files.hpp"
#include "base/dir.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// In which order files must be put into a store that cannot take several in one step, so that a
/// client never sees a list of something that is not there: content, then pages and definitions,
/// then signatures, and right after each the list that is signed; manifest.json last of all. Of the
/// index only what differs from what is published in `repository` now. Files of another channel are
/// copies of content that is there.
std::vector<std::string> upload_order(const std::optional<base::Dir> &repository,
                                      const std::vector<std::string> &content,
                                      const IndexFiles &files);

} // namespace bakery
