// SPDX-License-Identifier: Apache-2.0
#include "bakery/download.hpp"

#include "bakery/file_digest.hpp"
#include "base/durable.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <memory>

namespace bakery {

namespace {

using base::Dir;
using base::Kind;

/// So many at a time, so that thousands of files need no thousands of descriptors.
constexpr std::size_t batch = 64;

/// What the server said of the part that is there, so that it is only gone on with if the server
/// still has the same.
std::string validator_name(const std::string &file)
{
  return file + ".validator";
}

/// Writes one file as it comes.
class Arrival final : public base::Receiver {
public:
  Arrival(base::Sys &sys, const Dir &incoming, const OfferedFile &file)
      : sys_(sys), incoming_(incoming), name_(file.name.file)
  {
    if (incoming.status(name_))
      fd_ = sys.open_writable(incoming, name_);
    else
      fd_ = sys.create(incoming, name_, 0644);
    offset_ = base::size_of(fd_);
    if (offset_ > file.size) {
      sys.resize(fd_, 0);
      offset_ = 0;
    }
    was_begun_before_ = offset_ > 0;
  }

  /// Whether some of it comes from an earlier run.
  [[nodiscard]] bool was_begun_before() const { return was_begun_before_; }

  [[nodiscard]] std::uint64_t have() const { return offset_; }

  void begin(const base::Response &response) override
  {
    if (response.offset == 0)
      sys_.resize(fd_, 0);
    offset_ = response.offset;
    base::replace_file(sys_, incoming_, validator_name(name_), response.validator);
  }

  void receive(base::Bytes data) override
  {
    sys_.write_at(fd_, offset_, data);
    offset_ += data.size();
  }

  /// Whether what came is what it should be; else it is removed. Durable on return.
  [[nodiscard]] bool finish(const OfferedFile &file)
  {
    sys_.sync(fd_);
    sys_.forget_cached(fd_, 0, offset_);
    const bool is_right = offset_ == file.size && digest_of_file(fd_) == file.sha256;
    base::remove_tree(sys_, incoming_, validator_name(name_));
    if (!is_right)
      base::remove_tree(sys_, incoming_, name_);
    return is_right;
  }

private:
  base::Sys &sys_;
  const Dir &incoming_;
  std::string name_;
  base::Fd fd_;
  std::uint64_t offset_ = 0;
  bool was_begun_before_ = false;
};

[[noreturn]] void fail_wrong(const OfferedFile &file, const std::string &url)
{
  base::fail(Kind::untrusted,
             "{}/{} is not what the signed index says: {} bytes with the SHA-256 {}",
             url,
             file.name.file,
             file.size,
             verity::hex(file.sha256));
}

/// Gets what is missing of these; gives those back that were wrong although an earlier run had got
/// a part of them, which a power cut may have spoilt.
std::vector<OfferedFile> download_batch(const base::Host &host,
                                        const Dir &incoming,
                                        const std::string &url,
                                        std::span<const OfferedFile> files)
{
  std::vector<std::unique_ptr<Arrival>> arrivals;
  std::vector<base::Fetch> wanted;
  for (const OfferedFile &file : files) {
    arrivals.push_back(std::make_unique<Arrival>(host.sys, incoming, file));
    if (arrivals.back()->have() != file.size || file.size == 0)
      wanted.push_back({.urls = {url + "/" + file.name.file},
                        .receiver = arrivals.back().get(),
                        .have = arrivals.back()->have(),
                        .validator = incoming.text(validator_name(file.name.file)).value_or(""),
                        .size_limit = std::max<std::uint64_t>(file.size, 1),
                        .etag = {}});
  }
  const auto fetched = host.fetcher.fetch(wanted);
  for (std::size_t n = 0; n < wanted.size(); ++n)
    if (fetched[n].state == base::FetchState::missing)
      base::fail(Kind::not_found,
                 "{} is in the index, but the server does not have it",
                 wanted[n].urls.front());
  std::vector<OfferedFile> again;
  for (std::size_t n = 0; n < files.size(); ++n)
    if (!arrivals[n]->finish(files[n])) {
      if (!arrivals[n]->was_begun_before())
        fail_wrong(files[n], url);
      again.push_back(files[n]);
    }
  return again;
}

} // namespace

void download(const base::Host &host,
              const Dir &incoming,
              const std::string &url,
              const std::vector<OfferedFile> &files)
{
  const std::span<const OfferedFile> all(files);
  for (std::size_t start = 0; start < all.size(); start += batch) {
    const auto part = all.subspan(start, std::min(batch, all.size() - start));
    const std::vector<OfferedFile> again = download_batch(host, incoming, url, part);
    if (!again.empty())
      (void)download_batch(host, incoming, url, again);
  }
}

} // namespace bakery
