// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"
#include "base/sys.hpp"

#include <map>
#include <optional>
#include <string>

namespace handoff {

/// What a unified kernel image (UAPI.5) says of itself: the texts of those of its sections that
/// hold text, by name (".osrel", ".cmdline", ".uname"), and whether it has a kernel.
struct UnifiedImage {
  std::map<std::string, std::string> texts;
  std::map<std::string, base::ByteRange> sections{}; ///< all of them, where they lie in the file
  bool has_kernel = false;
};

struct UnifiedImageReading {
  std::optional<UnifiedImage> image;
  std::string refusal; ///< why it is none
};

/// Reads headers and texts only, whatever the size of the image. Nothing that the file claims leads
/// beyond its end; a file that firmware could not load either is refused with the reason.
UnifiedImageReading read_unified_image(const base::Fd &file);

} // namespace handoff
