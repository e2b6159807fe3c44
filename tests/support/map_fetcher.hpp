// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fetcher.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace support {

/// A network that is a table: URL to bytes. What is not in it is a 404.
class MapFetcher final : public base::Fetcher {
public:
  std::map<std::string, std::string> objects;
  /// URLs that have an ETag, written as in the header, with its quotes.
  std::map<std::string, std::string> etags;
  /// URLs that fail, with what the error says ("the server answered 503").
  std::map<std::string, std::string> failures;
  /// URLs whose connection breaks after so many bytes of an answer; each once.
  std::map<std::string, std::size_t> cuts;
  /// What URLs answer at first, until the connection breaks and they are asked again for the whole,
  /// within one call of fetch(); each once.
  std::map<std::string, std::string> broken_answers;
  /// What the header of an answer says of its size, where that is not so.
  std::map<std::string, std::uint64_t> claimed_sizes;
  /// From which byte on the last answer for a URL came.
  std::map<std::string, std::uint64_t> answered_from;
  /// Every URL asked for, in order; mirrors only as far as they were tried.
  std::vector<std::string> asked;
  /// URLs of which one place's word was enough that they are missing.
  std::set<std::string> absent_by_one;
  /// Called before each URL is answered: here a test lets the server change under the client.
  std::function<void(const std::string &url)> before_answer;

  std::vector<base::Fetched> fetch(const std::vector<base::Fetch> &wanted) override;

private:
  base::Fetched fetch_one(const base::Fetch &wanted);
  base::Fetched deliver(const base::Fetch &wanted, const std::string &url);
};

} // namespace support
