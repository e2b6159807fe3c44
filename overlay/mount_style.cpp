// SPDX-License-Identifier: Apache-2.0
#include "overlay/mount_style.hpp"

#include <sstream>

namespace overlay {

namespace {

/// True if the word is one that every file system takes.
bool take_limit(base::MountLimits &limits, const std::string &word)
{
  if (word == "noatime" || word == "relatime" || word == "strictatime" || word == "atime")
    limits.no_access_times = word == "noatime";
  else if (word == "nodev" || word == "dev")
    limits.no_devices = word == "nodev";
  else if (word == "nosuid" || word == "suid")
    limits.no_set_user = word == "nosuid";
  else if (word == "noexec" || word == "exec")
    limits.no_programs = word == "noexec";
  else
    return word == "ro" || word == "rw"; // decided by whether there is an upper directory
  return true;
}

} // namespace

OverlayOptions overlay_options(const MountStyle &style, bool is_writable)
{
  // redirect_dir and noatime spare copies upwards, metacopy=off keeps files from being left half
  // copied when the overlay goes, index=off lets the upper directory be used again.
  const std::string writable = style.is_user_namespace
                                   ? "userxattr,noatime"
                                   : "redirect_dir=on,noatime,metacopy=off,index=off";
  OverlayOptions options{.limits = style.limits, .options = {}};
  options.limits.no_writing = !is_writable;
  std::istringstream words(style.options.value_or(is_writable ? writable : ""));
  for (std::string word; std::getline(words, word, ',');) {
    if (word.empty() || take_limit(options.limits, word))
      continue;
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos)
      options.options.push_back({word});
    else
      options.options.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  return options;
}

} // namespace overlay
