// SPDX-License-Identifier: Apache-2.0
#include "bakery/wire_check.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <memory>

namespace bakery {

namespace {

using base::Fetch;
using base::Fetched;
using base::FetchState;
using base::Kind;

/// Compares what comes with the file that it should be.
class Comparison final : public base::Receiver {
public:
  Comparison(const base::Dir &content, const OfferedFile &file, std::uint64_t start)
      : file_(content.file(file.name.file)), size_(file.size), start_(start)
  {
  }

  void begin(const base::Response &response) override
  {
    if (response.offset != start_)
      base::fail(Kind::network,
                 "the server sends the whole file to who wants the rest of it; without ranges no "
                 "download can be resumed");
    if (response.size && *response.size != size_)
      base::fail(
          Kind::untrusted, "the server has {} bytes of it, and not {}", *response.size, size_);
    offset_ = start_;
    digest_ = {};
  }

  void receive(base::Bytes data) override
  {
    mine_.resize(data.size());
    const std::size_t count = base::read_at(file_, offset_, mine_);
    if (count != data.size() || !std::equal(data.begin(), data.end(), mine_.begin()))
      base::fail(
          Kind::untrusted, "what comes differs from what was published, from byte {} on", offset_);
    digest_.update(data);
    offset_ += data.size();
  }

  /// Throws unless all of it came; from the start on its hash counts as well.
  void finish(const verity::Sha256 &wanted)
  {
    if (offset_ != size_)
      base::fail(Kind::untrusted, "it ends after {} bytes, and not after {}", offset_, size_);
    if (start_ == 0 && digest_.finish() != wanted)
      base::fail(Kind::untrusted, "what comes has another SHA-256 than what was published");
  }

private:
  base::Fd file_;
  std::uint64_t size_;
  std::uint64_t start_;
  std::uint64_t offset_ = 0;
  verity::Digest digest_;
  std::vector<std::byte> mine_;
};

std::string url_of(const std::string &url, const OfferedFile &file)
{
  return url + "/" + file.name.file;
}

/// Gets all of the files at once; `before` is what a first round was told of each.
std::vector<Fetched> compare(const base::Host &host,
                             const base::Dir &content,
                             const std::string &url,
                             const std::vector<OfferedFile> &files,
                             const std::vector<Fetched> &before)
{
  std::vector<std::unique_ptr<Comparison>> receivers;
  std::vector<Fetch> wanted;
  for (std::size_t n = 0; n < files.size(); ++n) {
    const std::uint64_t start = before.empty() ? 0 : files[n].size / 2;
    receivers.push_back(std::make_unique<Comparison>(content, files[n], start));
    wanted.push_back({.urls = {url_of(url, files[n])},
                      .receiver = receivers.back().get(),
                      .have = start,
                      .validator = before.empty() ? "" : before[n].response.validator,
                      .size_limit = files[n].size,
                      .etag = {}});
  }
  std::vector<Fetched> fetched = host.fetcher.fetch(wanted);
  for (std::size_t n = 0; n < files.size(); ++n)
    base::during(url_of(url, files[n]), [&] {
      if (fetched[n].state == FetchState::missing)
        base::fail(Kind::not_found, "the server does not have it; was it uploaded?");
      receivers[n]->finish(files[n].sha256);
    });
  return fetched;
}

} // namespace

void check_over_the_wire(const base::Host &host,
                         const base::Dir &content,
                         const std::string &url,
                         const std::vector<OfferedFile> &files)
{
  const std::vector<Fetched> whole = compare(host, content, url, files, {});
  std::vector<OfferedFile> splittable;
  std::vector<Fetched> their_answers;
  for (std::size_t n = 0; n < files.size(); ++n) {
    if (files[n].size < 2)
      continue;
    if (whole[n].response.validator.empty())
      base::fail(Kind::network,
                 "{}: the server says neither ETag nor Last-Modified; without them no download can "
                 "be resumed",
                 url_of(url, files[n]));
    splittable.push_back(files[n]);
    their_answers.push_back(whole[n]);
  }
  if (!splittable.empty())
    (void)compare(host, content, url, splittable, their_answers);
}

} // namespace bakery
