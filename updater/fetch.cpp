// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch.hpp"

#include "updater/fetch_retrieval.hpp"

#include <algorithm>
#include <list>
#include <map>

namespace updater {

namespace {

constexpr std::chrono::milliseconds longest_poll{500};

void check(CURLMcode code)
{
  if (code == CURLM_OUT_OF_MEMORY)
    base::fail(base::Kind::no_space, "there is no memory for the connections");
  if (code != CURLM_OK)
    base::fail(base::Kind::internal, "libcurl: {}", curl_multi_strerror(code));
}

CURLM *new_multi()
{
  // Once in the life of the process; later calls would only count.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = ready == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi == nullptr)
    base::fail(base::Kind::internal, "libcurl cannot be set up");
  return multi;
}

/// All transfers of one fetch(). Whatever happens, libcurl has none of them afterwards.
class Round {
public:
  Round(CURLM *multi, const std::vector<base::Fetch> &wanted, RetrievalSetting setting);
  Round(const Round &) = delete;
  Round &operator=(const Round &) = delete;
  ~Round();

  std::vector<base::Fetched> run();

private:
  /// Returns when the next one that waits may start, if any does and there is room for it.
  std::optional<std::chrono::milliseconds> start_those_ready();
  void start(Retrieval &transfer);
  void wait(std::optional<std::chrono::milliseconds> next_start);
  void collect();

  CURLM *multi_;
  RetrievalSetting setting_;
  std::list<Retrieval> transfers_;
  std::list<Retrieval *> waiting_;
  std::map<CURL *, Retrieval *> running_;
};

Round::Round(CURLM *multi, const std::vector<base::Fetch> &wanted, RetrievalSetting setting)
    : multi_(multi), setting_(setting)
{
  for (const base::Fetch &one : wanted)
    waiting_.push_back(&transfers_.emplace_back(one, setting));
}

Round::~Round()
{
  for (const auto &[handle, transfer] : running_)
    curl_multi_remove_handle(multi_, handle);
}

std::vector<base::Fetched> Round::run()
{
  while (!waiting_.empty() || !running_.empty()) {
    const auto next_start = start_those_ready();
    setting_.observer.pulse();
    wait(next_start);
    collect();
  }
  std::vector<base::Fetched> fetched;
  for (Retrieval &transfer : transfers_)
    fetched.push_back(transfer.take());
  return fetched;
}

std::optional<std::chrono::milliseconds> Round::start_those_ready()
{
  std::optional<std::chrono::milliseconds> earliest;
  const auto now = setting_.clock.monotonic();
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    if (running_.size() >= setting_.options.parallel_fetches)
      return std::nullopt;
    Retrieval &transfer = **next;
    if (const auto at = transfer.ready_at(); at > now) {
      earliest = std::min(earliest.value_or(at), at);
      ++next;
      continue;
    }
    next = waiting_.erase(next);
    start(transfer);
  }
  return earliest;
}

void Round::start(Retrieval &transfer)
{
  CURL *handle = transfer.start();
  if (handle != nullptr) {
    check(curl_multi_add_handle(multi_, handle));
    running_.emplace(handle, &transfer);
  } else if (!transfer.done()) {
    waiting_.push_back(&transfer);
  }
}

void Round::wait(std::optional<std::chrono::milliseconds> next_start)
{
  const auto now = setting_.clock.monotonic();
  if (running_.empty()) {
    if (next_start && *next_start > now)
      setting_.clock.sleep(*next_start - now);
    return;
  }
  int still_running = 0;
  check(curl_multi_perform(multi_, &still_running));
  if (still_running < static_cast<int>(running_.size()))
    return; // some ended: collect them first
  auto pause = longest_poll;
  if (next_start)
    pause = std::clamp(*next_start - now, std::chrono::milliseconds(0), longest_poll);
  check(curl_multi_poll(multi_, nullptr, 0, static_cast<int>(pause.count()), nullptr));
}

void Round::collect()
{
  int left = 0;
  while (const CURLMsg *message = curl_multi_info_read(multi_, &left)) {
    CURL *handle = message->easy_handle;
    const CURLcode code = message->data.result; // gone once the handle is removed
    const auto found = running_.find(handle);
    Retrieval &transfer = *found->second;
    running_.erase(found);
    check(curl_multi_remove_handle(multi_, handle));
    transfer.finish(code);
    if (!transfer.done())
      waiting_.push_back(&transfer);
  }
}

} // namespace

std::uint64_t resume_offset(const base::Fetch &wanted)
{
  const bool is_too_much = wanted.size_limit != 0 && wanted.have > wanted.size_limit;
  return wanted.validator.empty() || is_too_much ? 0 : wanted.have;
}

struct CurlFetcher::Pool {
  TransportOptions options;
  base::Clock &clock;
  FetchObserver &observer;
  Penalties penalties;
  std::minstd_rand random;
  base::Unique<CURLM, curl_multi_cleanup> multi;
};

CurlFetcher::CurlFetcher(TransportOptions options, base::Clock &clock, FetchObserver &observer)
    : pool_(new Pool{std::move(options),
                     clock,
                     observer,
                     {},
                     std::minstd_rand(std::random_device()()),
                     base::Unique<CURLM, curl_multi_cleanup>(new_multi())})
{
  CURLM *multi = pool_->multi.get();
  check(curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX)));
  check(curl_multi_setopt(multi,
                          CURLMOPT_MAX_HOST_CONNECTIONS,
                          static_cast<long>(pool_->options.connections_per_host)));
  check(curl_multi_setopt(
      multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(pool_->options.parallel_fetches)));
}

CurlFetcher::~CurlFetcher() = default;

std::vector<base::Fetched> CurlFetcher::fetch(const std::vector<base::Fetch> &wanted)
{
  Round round(pool_->multi.get(),
              wanted,
              {pool_->options, pool_->clock, pool_->observer, pool_->penalties, pool_->random});
  return round.run();
}

} // namespace updater
