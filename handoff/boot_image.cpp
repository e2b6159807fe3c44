// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_image.hpp"

#include "updater/anchor.hpp"

namespace handoff {

std::optional<BootImage> open_boot_image(const base::Host &host, const MenuEntry &entry)
{
  if (entry.entry.type != BootEntryType::unified)
    return std::nullopt;
  auto file = updater::find_place(host, entry.partition, entry.folder, {})
                  .dir->find_file(base::split_path(entry.file).name);
  if (!file)
    return std::nullopt;
  UnifiedImageReading reading = read_unified_image(*file);
  if (!reading.image)
    return std::nullopt;
  return BootImage{std::move(*file), std::move(*reading.image)};
}

} // namespace handoff
