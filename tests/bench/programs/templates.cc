// cc1plus's input: the standard library's headers, and some of their templates in use.
#include <map>
#include <regex>
#include <string>
#include <vector>

std::map<std::string, std::vector<int>> words(const std::string &text)
{
	std::map<std::string, std::vector<int>> found;
	const std::regex word("(\\w+)([[:space:]]|$)");
	for (auto at = std::sregex_iterator(text.begin(), text.end(), word);
		at != std::sregex_iterator(); ++at)
		found[at->str(1)].push_back(at->position());
	return found;
}

#ifndef BENCH_QUICK
#include <bits/stdc++.h>

template <int N> struct level {
	std::tuple<level<N - 1>, std::map<std::string, level<N - 1>>, std::optional<int>> members;
	std::unordered_map<std::string, std::variant<int, double, level<N - 1>>> choices;
	std::function<std::string(const level<N - 1> &)> name;
};
template <> struct level<0> {
	std::shared_ptr<std::string> text;
};

void sorted(std::vector<level<3>> &levels, std::deque<std::wstring> &wide)
{
	std::sort(wide.begin(), wide.end());
	std::wregex expression(L"([a-z]+)=(.*)");
	for (auto &line : wide)
		line = std::regex_replace(line, expression, L"$2");
	levels.emplace_back();
	levels.back().choices.emplace("one", 1);
	levels.erase(levels.begin());
}
#endif
