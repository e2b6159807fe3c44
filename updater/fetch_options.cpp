// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_options.hpp"

#include <algorithm>

namespace updater {

std::vector<std::string> places(const std::vector<std::string> &urls,
                                const std::vector<MirrorRule> &rules)
{
  std::vector<std::string> found;
  const auto add = [&found](std::string url) {
    if (std::ranges::find(found, url) == found.end())
      found.push_back(std::move(url));
  };
  for (const std::string &url : urls) {
    for (const MirrorRule &rule : rules)
      if (url.starts_with(rule.prefix))
        for (const std::string &mirror : rule.mirrors)
          add(mirror + url.substr(rule.prefix.size()));
    add(url);
  }
  return found;
}

} // namespace updater
