// SPDX-License-Identifier: Apache-2.0
#include "handoff/transition.hpp"

#include "base/dir.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <vector>

namespace handoff {

namespace {

/// What is loaded by firmware or kernel before there is any user space.
constexpr std::array sections = {".linux", ".initrd", ".ucode", ".dtb", ".dtbauto", ".efifw"};

bool is_same(const base::Fd &one_file,
             const base::ByteRange &one,
             const base::Fd &other_file,
             const base::ByteRange &other)
{
  if (one.length != other.length)
    return false;
  constexpr std::uint64_t step = std::uint64_t{1} << 20U;
  const auto read = [&](const base::Fd &file, std::uint64_t start, std::vector<std::byte> &block) {
    if (base::read_at(file, start, block) != block.size())
      base::fail(base::Kind::io, "{} ends within a section", base::path_of(file));
  };
  std::vector<std::byte> here;
  std::vector<std::byte> there;
  for (std::uint64_t done = 0; done < one.length; done += here.size()) {
    here.resize(static_cast<std::size_t>(std::min(step, one.length - done)));
    there.resize(here.size());
    read(one_file, one.start + done, here);
    read(other_file, other.start + done, there);
    if (here != there)
      return false;
  }
  return true;
}

std::string words_for(std::string_view section)
{
  if (section == ".linux")
    return "another kernel of the same version";
  if (section == ".initrd")
    return "another initrd";
  return fmt::format("another {}", section);
}

std::string reason_to_reboot(const TransitionFacts &facts)
{
  if (!facts.next)
    return "its boot entry is no unified kernel image, so that it cannot be compared";
  if (facts.next->release.empty())
    return "its boot entry does not say which kernel it has";
  if (facts.next->release != facts.kernel)
    return fmt::format("it has the kernel {}, and {} runs", facts.next->release, facts.kernel);
  if (!facts.running)
    return "the boot entry of what runs is not there any more, so that it cannot be compared";
  if (!facts.differing_part.empty())
    return "it has " + words_for(facts.differing_part);
  if (facts.running->options != facts.next->options)
    return fmt::format("its command line is \"{}\", and that of what runs \"{}\"",
                       facts.next->options,
                       facts.running->options);
  return facts.obstacle;
}

} // namespace

std::string_view name(Transition transition)
{
  constexpr std::array names = {"none", "soft-reboot", "kexec", "reboot"};
  return names.at(static_cast<std::size_t>(transition));
}

std::string without_root_hashes(std::string_view options)
{
  constexpr std::array<std::string_view, 4> of_one_root = {
      "roothash=", "usrhash=", "roothashsig=", "usrhashsig="};
  std::istringstream words{std::string(options)};
  std::string kept;
  for (std::string word; words >> word;)
    if (std::none_of(of_one_root.begin(), of_one_root.end(), [&](std::string_view option) {
          return word.starts_with(option);
        }))
      kept += (kept.empty() ? "" : " ") + word;
  return kept;
}

KernelSide kernel_side_of(const UnifiedImage &image)
{
  KernelSide side;
  for (const std::string section : sections)
    if (const auto found = image.sections.find(section); found != image.sections.end())
      side.parts.emplace(section, found->second);
  const auto text = [&](const char *section) {
    const auto found = image.texts.find(section);
    return found == image.texts.end() ? std::string() : found->second;
  };
  side.release = text(".uname");
  side.release = side.release.substr(0, side.release.find('\n'));
  side.options = without_root_hashes(text(".cmdline"));
  return side;
}

std::string differing_part(const KernelFile &running, const KernelFile &next)
{
  for (const std::string section : sections) {
    const auto here = running.side.parts.find(section);
    const auto there = next.side.parts.find(section);
    const bool is_here = here != running.side.parts.end();
    const bool is_there = there != next.side.parts.end();
    if (is_here != is_there ||
        (is_here && !is_same(running.file, here->second, next.file, there->second)))
      return section;
  }
  return {};
}

Decision decide_transition(const TransitionFacts &facts)
{
  if (facts.is_running)
    return {Transition::none, "it runs"};
  std::string why = reason_to_reboot(facts);
  if (!why.empty() && !facts.kexec_obstacle)
    return {Transition::reboot, std::move(why)};
  if (!why.empty() && !facts.kexec_obstacle->empty())
    return {Transition::reboot,
            fmt::format("{}, and no kexec can be: {}", why, *facts.kexec_obstacle)};
  if (!why.empty())
    return {Transition::kexec, std::move(why)};
  return {Transition::soft_reboot,
          fmt::format("kernel {}, initrd and command line stay as they are", facts.kernel)};
}

} // namespace handoff
