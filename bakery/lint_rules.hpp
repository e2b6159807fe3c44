// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/lint.hpp"

#include <vector>

namespace bakery {

// What each rule finds; see lint_rules(). All are pure: they look at values only.

// lint_release.cpp: is it an extension, and does a system take it for one?
std::vector<Finding> find_wrong_release_name(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_wrong_match(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_os_release(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_excess_size(const Subject &subject, const Surroundings &around);

// lint_tree.cpp: what does its tree do to the system's?
std::vector<Finding> find_outside_hierarchies(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_hidden_directories(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_sbin(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_module_indexes(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_collisions_with_base(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_collisions_with_others(const Subject &subject,
                                                 const Surroundings &around);
std::vector<Finding> find_set_user(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_special_files(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_times_in_content(const Subject &subject, const Surroundings &around);

// lint_programs.cpp: do its programs run?
std::vector<Finding> find_missing_libraries(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_other_machines(const Subject &subject, const Surroundings &around);

// lint_units.cpp: do its services start?
std::vector<Finding> find_units_not_started(const Subject &subject, const Surroundings &around);
std::vector<Finding> find_unknown_users(const Subject &subject, const Surroundings &around);

} // namespace bakery
