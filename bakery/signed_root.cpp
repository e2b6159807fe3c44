// SPDX-License-Identifier: Apache-2.0
#include "bakery/signed_root.hpp"

#include "base/error.hpp"

namespace bakery {

std::string root_file(std::uint64_t version)
{
  return fmt::format("{}.root.json", version);
}

std::string signatures_file(const std::string &file)
{
  return file + ".minisig";
}

namespace {

verity::TrustRoot first_root(const std::string &text, const std::string &signatures)
{
  verity::TrustRoot first = verity::parse_trust_root(text, root_file(1));
  if (const auto why = verity::refusal_of(text, signatures, first.root))
    base::fail(base::Kind::untrusted, "{}: {}", root_file(1), *why);
  return first;
}

} // namespace

std::vector<SignedRoot> read_roots(const ReadFile &read, std::uint64_t most)
{
  std::vector<SignedRoot> roots;
  while (roots.size() < most) {
    const std::string file = root_file(roots.size() + 1);
    const auto text = read(file);
    if (!text)
      break;
    const std::string signatures = read(signatures_file(file)).value_or("");
    verity::TrustRoot root = roots.empty()
                                 ? first_root(*text, signatures)
                                 : verity::follow_root(roots.back().root, *text, signatures);
    roots.push_back({std::move(root), *text, signatures});
  }
  return roots;
}

} // namespace bakery
