// SPDX-License-Identifier: Apache-2.0
// What of fmt is no template, compiled once and into the program: see docs/adr/0016. The headers
// declare the instances below and leave them to fmt's library, which strake does not link.
#include <fmt/format-inl.h>

#include <locale>

template fmt::detail::thousands_sep_result<char>
fmt::detail::thousands_sep_impl<char>(fmt::detail::locale_ref loc);
template char fmt::detail::decimal_point_impl<char>(fmt::detail::locale_ref loc);
