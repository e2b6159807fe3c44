// SPDX-License-Identifier: Apache-2.0
#include "support/map_fetcher.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace support {

std::vector<base::Fetched> MapFetcher::fetch(const std::vector<base::Fetch> &wanted)
{
  std::vector<base::Fetched> answers;
  for (const base::Fetch &one : wanted)
    answers.push_back(fetch_one(one));
  return answers;
}

base::Fetched MapFetcher::fetch_one(const base::Fetch &wanted)
{
  std::string failure;
  for (const std::string &url : wanted.urls) {
    asked.push_back(url);
    if (wanted.absence == base::Absence::by_one)
      absent_by_one.insert(url);
    if (before_answer)
      before_answer(url);
    if (const auto broken = failures.find(url); broken != failures.end())
      failure = url + ": " + broken->second;
    else if (objects.contains(url))
      return deliver(wanted, url);
  }
  if (!failure.empty())
    base::fail(base::Kind::network, "{}", failure);
  return {.state = base::FetchState::missing, .response = {}};
}

base::Fetched MapFetcher::deliver(const base::Fetch &wanted, const std::string &url)
{
  const std::string &body = objects.at(url);
  const auto etag = etags.find(url);
  base::Response response;
  response.url = url;
  const auto claimed = claimed_sizes.find(url);
  response.size = claimed == claimed_sizes.end() ? body.size() : claimed->second;
  if (etag != etags.end())
    response.validator = response.etag = etag->second;
  if (!wanted.etag.empty() && wanted.etag == response.etag)
    return {.state = base::FetchState::not_modified, .response = response};
  if (wanted.size_limit != 0 && body.size() > wanted.size_limit)
    base::fail(base::Kind::network, "{} is larger than {} bytes", url, wanted.size_limit);
  if (wanted.ask == base::Ask::head)
    return {.state = base::FetchState::complete, .response = response};
  if (!response.validator.empty() && wanted.validator == response.validator &&
      wanted.have <= body.size())
    response.offset = wanted.have;
  if (const auto broken = broken_answers.extract(url)) {
    base::Response first;
    first.url = url;
    wanted.receiver->begin(first);
    wanted.receiver->receive(std::as_bytes(std::span(broken.mapped())));
    response.offset = 0;
  }
  wanted.receiver->begin(response);
  answered_from[url] = response.offset;
  const base::Bytes rest = std::as_bytes(std::span(body)).subspan(response.offset);
  if (const auto cut = cuts.extract(url)) {
    wanted.receiver->receive(rest.first(std::min(cut.mapped(), rest.size())));
    base::fail(base::Kind::network, "{}: the connection broke", url);
  }
  wanted.receiver->receive(rest);
  return {.state = base::FetchState::complete, .response = response};
}

} // namespace support
