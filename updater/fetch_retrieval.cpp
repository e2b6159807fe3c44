// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_retrieval.hpp"

#include <algorithm>

namespace updater {

namespace {

/// A server that cuts each answer after this much is slow, but gets there.
constexpr std::uint64_t progress_that_forgives = std::uint64_t{1} << 20U;

} // namespace

Retrieval::Retrieval(const base::Fetch &wanted, RetrievalSetting setting)
    : wanted_(wanted), setting_(setting), mirrors_(places(wanted.urls, setting.options.mirrors)),
      position_(resume_offset(wanted)), validator_(position_ == 0 ? "" : wanted.validator),
      furthest_(position_)
{
}

std::chrono::milliseconds Retrieval::ready_at() const
{
  const auto now = setting_.clock.monotonic();
  if (redirected_)
    return now;
  return mirrors_.choose(setting_.penalties, now)->at;
}

std::chrono::milliseconds Retrieval::time_left() const
{
  const std::chrono::milliseconds deadline = setting_.options.deadline;
  return started_ ? *started_ + deadline - setting_.clock.monotonic() : deadline;
}

Asked Retrieval::next_question() const
{
  Asked asked;
  asked.ask = wanted_.ask;
  asked.size_limit = wanted_.size_limit;
  // Once bytes came, "nothing changed" would leave them hanging.
  if (!has_begun_)
    asked.etag = wanted_.etag;
  if (!validator_.empty()) {
    asked.from = position_;
    asked.validator = validator_;
  }
  return asked;
}

CURL *Retrieval::start()
{
  const auto now = setting_.clock.monotonic();
  if (!started_)
    started_ = now;
  if (!redirected_) {
    mirror_ = mirrors_.choose(setting_.penalties, now)->mirror;
    redirects_ = 0;
  }
  asked_url_ = redirected_ ? *redirected_ : mirrors_.url(mirror_);
  redirected_.reset();
  if (asked_url_->scheme() == Scheme::file) {
    if (auto judgement = judge_file(*asked_url_)) {
      take_in(*std::move(judgement));
      return nullptr;
    }
    position_ = 0; // reading a local file again costs less than proving that it is the same
    validator_.clear();
  }
  const auto progress = [this](std::uint64_t so_far, std::optional<std::uint64_t> total) {
    setting_.observer.progress({asked_url_->shown(), so_far, total});
  };
  attempt_ = std::make_unique<FetchAttempt>(AttemptPlan{*asked_url_,
                                                        next_question(),
                                                        connection_,
                                                        wanted_.receiver,
                                                        setting_.options,
                                                        setting_.clock,
                                                        time_left(),
                                                        progress});
  return attempt_->handle();
}

void Retrieval::finish(CURLcode code)
{
  const auto attempt = std::move(attempt_);
  Judgement judgement = attempt->end(code);
  if (attempt->response()) {
    has_begun_ = true;
    validator_ = attempt->response()->validator;
    position_ = attempt->position();
    if (position_ >= furthest_ + progress_that_forgives)
      mirrors_.forgive(mirror_);
    furthest_ = std::max(furthest_, position_);
  }
  take_in(std::move(judgement));
}

void Retrieval::take_in(Judgement judgement)
{
  if (auto *delivered = std::get_if<Deliver>(&judgement)) {
    setting_.penalties.clear(mirrors_.url(mirror_).origin());
    fetched_ = {base::FetchState::complete, std::move(delivered->response)};
  } else if (std::holds_alternative<NotModified>(judgement)) {
    fetched_ = {base::FetchState::not_modified, bare_response()};
  } else if (const auto *redirect = std::get_if<Redirect>(&judgement)) {
    take_redirect(redirect->location);
  } else if (const auto *failure = std::get_if<Failure>(&judgement)) {
    take_failure(*failure);
  } else {
    mirrors_.set_missing(mirror_);
    go_on();
  }
}

void Retrieval::take_redirect(const std::string &location)
{
  auto to = follow(*asked_url_, location, redirects_);
  if (const auto *failure = std::get_if<Failure>(&to))
    return take_failure(*failure);
  ++redirects_;
  redirected_ = std::get<Url>(std::move(to));
}

void Retrieval::take_failure(const Failure &failure)
{
  connection_ = Connection::fresh;
  const FetchSetback setback{asked_url_->shown(), failure.why};
  if (failure.remedy == Remedy::start_over) {
    // Cannot go round for ever: without a range, no answer asks for this again.
    position_ = 0;
    validator_.clear();
    redirected_ = *asked_url_;
    setting_.observer.setback(setback, std::chrono::milliseconds(0));
    return;
  }
  std::chrono::milliseconds wait(0);
  const unsigned retry_max = is_known_to_be_missing() ? 0 : setting_.options.retry_max;
  if (const auto failures = mirrors_.set_failed(mirror_, failure, retry_max)) {
    const double chance = std::uniform_real_distribution<double>(0.0, 1.0)(setting_.random);
    wait = back_off(*failures, chance, failure.retry_after, setting_.options);
    setting_.penalties.block(mirrors_.url(mirror_).origin(), setting_.clock.monotonic() + wait);
  }
  go_on();
  setting_.observer.setback(setback, wait);
}

/// Some place has said that there is no such object, and its word is enough.
bool Retrieval::is_known_to_be_missing() const
{
  return wanted_.absence == base::Absence::by_one && mirrors_.any_missing();
}

/// An answer that brings nothing.
base::Response Retrieval::bare_response() const
{
  base::Response response;
  response.url = asked_url_->shown();
  return response;
}

/// Throws if there is no mirror left to ask, or no time, and it is not known that none has it.
void Retrieval::go_on()
{
  const auto now = setting_.clock.monotonic();
  const auto next = mirrors_.choose(setting_.penalties, now);
  if (!next && (mirrors_.all_missing() || is_known_to_be_missing())) {
    fetched_ = {base::FetchState::missing, bare_response()};
    return;
  }
  if (!next)
    throw mirrors_.error();
  if (next->at - now >= time_left()) {
    base::Error error = mirrors_.error();
    base::fail(error.kind(),
               "{}; given up after {} seconds in all",
               error.message(),
               setting_.options.deadline.count());
  }
}

} // namespace updater
