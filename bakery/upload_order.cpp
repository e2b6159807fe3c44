// SPDX-License-Identifier: Apache-2.0
#include "bakery/upload_order.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace bakery {

namespace {

/// The later, the greater. A signature comes before what it signs, and of both channels the one for
/// everybody is last.
std::size_t rank(std::string_view path)
{
  constexpr std::array<std::string_view, 8> last = {"candidate/SHA256SUMS.gpg",
                                                    "candidate/SHA256SUMS",
                                                    "candidate/manifest.json.minisig",
                                                    "candidate/manifest.json",
                                                    "SHA256SUMS.gpg",
                                                    "SHA256SUMS",
                                                    "manifest.json.minisig",
                                                    "manifest.json"};
  const auto found = std::find(last.begin(), last.end(), path);
  if (found != last.end())
    return static_cast<std::size_t>(found - last.begin()) + 2;
  return path.ends_with("root.json") ? 1 : 0;
}

bool is_published(const base::Dir &repository, const std::string &path, const IndexFile &file)
{
  return file.kind == IndexFile::Kind::link ? repository.target_status(path).has_value()
                                            : read_index_file(repository, path) == file.text;
}

} // namespace

std::vector<std::string> upload_order(const std::optional<base::Dir> &repository,
                                      const std::vector<std::string> &content,
                                      const IndexFiles &files)
{
  std::vector<std::string> changed;
  for (const auto &[path, file] : files)
    if (!repository || !is_published(*repository, path, file))
      changed.push_back(path);
  std::stable_sort(changed.begin(), changed.end(), [](const auto &one, const auto &other) {
    return rank(one) < rank(other);
  });
  std::vector<std::string> order = content;
  order.insert(order.end(), changed.begin(), changed.end());
  return order;
}

} // namespace bakery
