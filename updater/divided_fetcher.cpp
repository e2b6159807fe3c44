// SPDX-License-Identifier: Apache-2.0
#include "updater/divided_fetcher.hpp"

#include "base/error.hpp"
#include "updater/fetch_mirrors.hpp"
#include "updater/fetch_url.hpp"

#include <optional>

namespace updater {

namespace {

/// Knows whether an object has begun to come, and whose fault it is when it comes no further.
class WatchedReceiver final : public base::Receiver {
public:
  explicit WatchedReceiver(base::Receiver *receiver) : receiver_(receiver) {}

  void begin(const base::Response &response) override
  {
    has_begun_ = true;
    is_receiving_ = true;
    receiver_->begin(response);
    is_receiving_ = false;
  }

  void receive(base::Bytes data) override
  {
    is_receiving_ = true;
    receiver_->receive(data);
    is_receiving_ = false;
  }

  [[nodiscard]] bool has_begun() const { return has_begun_; }

  [[nodiscard]] bool has_refused() const { return is_receiving_; }

private:
  base::Receiver *receiver_;
  bool has_begun_ = false;
  bool is_receiving_ = false;
};

/// What another place may be better at.
bool is_of_the_place(const base::Error &error)
{
  return error.kind() == base::Kind::network || error.kind() == base::Kind::untrusted ||
         error.kind() == base::Kind::config || error.kind() == base::Kind::io;
}

/// What each of several stretches of places was no use for.
base::Error joined(const std::vector<base::Error> &errors)
{
  if (errors.size() == 1)
    return errors.front();
  base::Kind kind = base::Kind::network;
  std::string text;
  for (const base::Error &error : errors) {
    kind = graver(kind, error.kind());
    text += (text.empty() ? "" : "; ") + std::string(error.what());
  }
  return {kind, std::move(text)};
}

} // namespace

/// Places next to each other that one fetcher can ask.
struct DividedFetcher::Stretch {
  base::Fetcher &by;
  std::vector<std::string> urls;
};

DividedFetcher::DividedFetcher(std::vector<MirrorRule> mirrors,
                               std::unique_ptr<base::Fetcher> files,
                               std::unique_ptr<base::Fetcher> servers)
    : mirrors_(std::move(mirrors)), files_(std::move(files)), servers_(std::move(servers))
{
}

std::vector<DividedFetcher::Stretch> DividedFetcher::divide(const base::Fetch &wanted) const
{
  std::vector<Stretch> stretches;
  for (const std::string &url : places(wanted.urls, mirrors_)) {
    base::Fetcher &by = Url::parse(url).scheme() == Scheme::file ? *files_ : *servers_;
    if (stretches.empty() || &stretches.back().by != &by)
      stretches.push_back({by, {}});
    stretches.back().urls.push_back(url);
  }
  return stretches;
}

std::vector<base::Fetched> DividedFetcher::fetch(const std::vector<base::Fetch> &wanted)
{
  struct Share {
    std::vector<base::Fetch> fetches;
    std::vector<std::size_t> indices;
  };

  std::vector<base::Fetched> fetched(wanted.size());
  Share of_files;
  Share of_servers;
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    const std::vector<Stretch> stretches = divide(wanted[index]);
    if (stretches.empty())
      base::fail(base::Kind::internal, "an object is to be fetched from nowhere");
    if (stretches.size() > 1) {
      fetched[index] = fetch_in_turn(wanted[index], stretches);
      continue;
    }
    Share &share = &stretches[0].by == files_.get() ? of_files : of_servers;
    share.fetches.push_back(wanted[index]);
    share.fetches.back().urls = stretches[0].urls;
    share.indices.push_back(index);
  }
  const auto put = [&fetched](base::Fetcher &by, const Share &share) {
    const auto answers = by.fetch(share.fetches);
    for (std::size_t number = 0; number < answers.size(); ++number)
      fetched[share.indices[number]] = answers[number];
  };
  put(*files_, of_files);
  put(*servers_, of_servers);
  return fetched;
}

base::Fetched DividedFetcher::fetch_in_turn(const base::Fetch &wanted,
                                            const std::vector<Stretch> &stretches)
{
  std::vector<base::Error> errors;
  std::optional<base::Fetched> missing;
  WatchedReceiver receiver(wanted.receiver);
  for (const Stretch &stretch : stretches) {
    base::Fetch next = wanted;
    next.urls = stretch.urls;
    next.receiver = wanted.receiver == nullptr ? nullptr : &receiver;
    if (receiver.has_begun()) {
      next.have = 0; // what it has by now is known to that fetcher alone
      next.validator.clear();
      next.etag.clear();
    }
    try {
      base::Fetched fetched = stretch.by.fetch({next}).front();
      if (fetched.state != base::FetchState::missing)
        return fetched;
      missing = std::move(fetched);
    } catch (const base::Error &error) {
      if (receiver.has_refused() || !is_of_the_place(error))
        throw;
      errors.push_back(error);
    }
  }
  if (!errors.empty() && !(missing && wanted.absence == base::Absence::by_one))
    throw joined(errors);
  return *missing;
}

} // namespace updater
