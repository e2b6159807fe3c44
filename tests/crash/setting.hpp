// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/crash_sweep.hpp"
#include "support/recorder.hpp"
#include "support/temp_root.hpp"

#include <functional>
#include <initializer_list>
#include <set>
#include <string>
#include <utility>

namespace crash {

using Files = std::initializer_list<std::pair<std::string, std::string>>;

/// Runs something on a fresh machine with these files, and keeps what it did.
inline support::Recording
record(Files files,
       const std::function<void(base::Sys &sys, const base::Dir &root)> &operation,
       const support::Layout &layout = {})
{
  const support::TempRoot root(support::Storage::memory, files);
  support::Recorder sys(root.dir(), layout);
  operation(sys, root.dir());
  return sys.recording();
}

/// All files below a directory as one line: "a=text dir/b=other link->a".
inline std::string listing(const base::Dir &dir, const std::string &path = "")
{
  std::string text;
  for (const base::DirEntry &entry : dir.entries()) {
    const std::string below = path.empty() ? entry.name : path + "/" + entry.name;
    std::string part;
    if (entry.type == S_IFDIR)
      part = below + "/ " + listing(dir.dir(entry.name), below);
    else if (entry.type == S_IFLNK)
      part = below + "->" + dir.link_target(entry.name).value();
    else
      part = below + "=" + dir.text(entry.name).value();
    while (part.ends_with(' '))
      part.pop_back();
    text += (text.empty() ? "" : " ") + part;
  }
  return text;
}

/// The listings of all states a cut can leave; those after the operation had returned apart.
struct Outcomes {
  std::set<std::string> on_the_way;
  std::set<std::string> at_the_end;
};

inline Outcomes outcomes(const support::Recording &recording,
                         const support::SweepOptions &options = {})
{
  Outcomes result;
  support::sweep(
      recording,
      [&](const base::Dir &root, support::Finished finished) {
        (finished == support::Finished::yes ? result.at_the_end : result.on_the_way)
            .insert(listing(root));
        return std::string();
      },
      options);
  return result;
}

} // namespace crash
