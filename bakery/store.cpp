// SPDX-License-Identifier: Apache-2.0
#include "bakery/store.hpp"

#include "bakery/file_digest.hpp"
#include "base/durable.hpp"
#include "base/error.hpp"

#include <sys/stat.h>

namespace bakery {

using base::Kind;

namespace {

constexpr std::uint64_t largest_source = std::uint64_t{8} << 30U;

/// Writes what comes into a file.
class FileReceiver final : public base::Receiver {
public:
  FileReceiver(base::Sys &sys, const base::Fd &file) : sys_(sys), file_(file) {}

  void begin(const base::Response &response) override
  {
    at_ = response.offset;
    if (at_ == 0)
      sys_.resize(file_, 0);
  }

  void receive(base::Bytes data) override
  {
    sys_.write_at(file_, at_, data);
    at_ += data.size();
  }

private:
  base::Sys &sys_;
  const base::Fd &file_;
  std::uint64_t at_ = 0;
};

} // namespace

std::optional<base::Fd> Store::find(const verity::Sha256 &hash) const
{
  const std::string name = verity::hex(hash);
  const auto status = dir_.status(name);
  if (!status || !S_ISREG(status->st_mode))
    return std::nullopt;
  base::Fd file = dir_.file(name);
  if (digest_of_file(file) != hash)
    return std::nullopt;
  return file;
}

base::Fd Store::add(const verity::Sha256 &hash,
                    const std::function<void(const base::Dir &dir, const std::string &name)> &fill)
{
  const std::string name = verity::hex(hash);
  const std::string temporary = "." + name;
  base::remove_tree(sys_, dir_, temporary);
  fill(dir_, temporary);
  base::Fd file = dir_.file(temporary);
  const verity::Sha256 found = digest_of_file(file);
  if (found != hash) {
    sys_.remove(dir_, temporary, base::Remove::file);
    base::fail(Kind::untrusted,
               "its SHA-256 is {}, and the recipe says {}; if what is there now is what you want, "
               "write its hash into the recipe",
               verity::hex(found),
               name);
  }
  sys_.sync(file);
  sys_.rename(dir_, temporary, dir_, name, base::Replace::yes);
  sys_.sync(dir_);
  return file;
}

base::Fd
fetch(const base::Host &host, Store &store, const std::string &url, const verity::Sha256 &hash)
{
  if (auto found = store.find(hash))
    return std::move(*found);
  host.say(base::Level::info, "fetching {}", url);
  return base::during(fmt::format("fetching {}", url), [&] {
    return store.add(hash, [&](const base::Dir &dir, const std::string &name) {
      base::Fd file = host.sys.create(dir, name, 0644);
      FileReceiver receiver(host.sys, file);
      base::Fetch wanted;
      wanted.urls = {url};
      wanted.receiver = &receiver;
      wanted.size_limit = largest_source;
      const auto answers = host.fetcher.fetch({wanted});
      if (answers.front().state != base::FetchState::complete) {
        host.sys.remove(dir, name, base::Remove::file);
        base::fail(Kind::not_found, "the server has nothing there; correct the url of the source");
      }
      host.sys.close(std::move(file));
    });
  });
}

} // namespace bakery
