#!/bin/sh
# The guard of one tree: git calls it as a hook, by the name of that hook. It calls git and nothing else.
#
# Beside it lie `rule` (what this tree may change; written by apply) and `bases` (the commits that its base had when
# apply or sync last looked). Every name in this directory but those three is a link to this file.

hooks=${0%/*} hook=${0##*/}
home=${hooks%/*}
newline='
'

say() {
	printf '%s\n' "orchestra: refused: $1" >&2
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" >&2
}

refuse() {
	say "$@"
	exit 1
}

broken() {
	refuse "the guard of this tree is not whole: $1" \
		'hint: `orchestra apply` makes it whole, `orchestra forget NAME` takes it off (run either in the main worktree)'
}

# --- whose tree, and what stood here before ---------------------------------------------------------------------------

name='' branch='' common='' previous='' protected='' pinned='' sandboxed='' whole=''
[ -r "$hooks/rule" ] || broken "$hooks/rule is gone"
. "$hooks/rule"
[ "$whole" = yes ] || broken "$hooks/rule is cut short"

chain() { # the hook of that name that was here before; its answer is ours
	[ -n "$previous" ] && [ -f "$previous/$hook" ] && [ -x "$previous/$hook" ] || exit 0
	exec "$previous/$hook" "$@"
}

# `git worktree add` hands on what leads here to a tree that it is called in: that is another tree, and not held by us.
[ -n "$sandboxed" ] || [ "${GIT_DIR:-$home}" -ef "$home" ] || chain "$@"

case $hook in
reference-transaction) [ "$1" = prepared ] || chain "$@" ;;
pre-commit | pre-push) ;;
*) chain "$@" ;;
esac

set -f

# --- one commit after the other ---------------------------------------------------------------------------------------

as_it_is() { # take away what a caller may have set to make git see other patterns, objects or histories than there are
	unset GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS GIT_EXTERNAL_DIFF \
		GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE
	export GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null/none GIT_OPTIONAL_LOCKS=0
}

learn_bases() {
	[ -r "$hooks/bases" ] || broken "$hooks/bases is gone"
	. "$hooks/bases"
	[ -n "$pinned" ] || broken "$hooks/bases names no commit"
}

# commit, what is happening: each commit that the base has not keeps to the area. In a shell of its own, so that the
# hook that comes after ours finds the environment as it was.
judge() (
	as_it_is
	learn_bases
	IFS=' '
	own=$(git -c core.commitGraph=false rev-list --topo-order --reverse --parents "$1" --not $pinned) ||
		broken 'git cannot tell what this branch has and its base has not'
	[ -n "$own" ] || return 0
	asked=''
	IFS=$newline
	for line in $own; do
		IFS=' '
		enter $line
	done
	[ -n "$found" ] || refuse "$2 shares no commit with its base" 'hint: begin it again from its base'
	names=--no-commit-id # of a merge of several bases git names the commit also where it has nothing to say of it
	wrong=$(changes_of_commits) || broken 'git cannot compare commits'
	[ -n "$wrong" ] || return 0
	names=''
	tell "$2" "$(changes_of_commits)"
)

enter() { # commit, parents: note what to compare it with, and the newest commits of the base that it has
	commit=$1
	shift
	found=''
	for parent; do
		eval "known=\${base_$parent-$parent}"
		for one in $known; do
			case " $found " in *" $one "*) ;; *) found="$found${found:+ }$one" ;; esac
		done
	done
	case $found in *' '*) newest $found ;; esac
	eval "base_$commit=\$found"
	if [ $# -gt 1 ] && [ "$*" != "$1 $1" ]; then
		asked=$asked$commit${found:+ }$found$newline # outside of the area, a merge is what its base is
	else
		asked=$asked$commit$newline
	fi
}

newest() { # of several commits of the base those that no other one has; asked once for a set
	if [ "$*" != "${asked_for-}" ]; then
		asked_for=$*
		answer=$(git -c core.commitGraph=false merge-base --independent "$@") || broken 'git cannot compare bases'
		IFS=$newline
		set -- $answer
		IFS=' '
		answer=$*
	fi
	found=$answer
}

changes_of_commits() {
	printf '%s' "$asked" | outside compare || return
	printf '%s' "$asked" | denied compare
}

compare() {
	git diff-tree --stdin --root -c -r --name-only --no-renames --ignore-submodules=none --no-ext-diff $names "$@"
}

tell() { # what is happening, and the paths, by commits
	what=$1 told=''
	IFS=$newline
	set -- $2
	IFS=' '
	number=0 commit=''
	for line; do
		case $line in *[!0-9a-f]*) is_path=yes ;; *) [ ${#line} -lt 40 ] && is_path=yes || is_path='' ;; esac
		if [ -n "$is_path" ]; then
			told="$told$commit  $line$newline" number=$((number + 1)) commit=''
		else
			commit=" in commit $line:$newline"
		fi
		[ "$number" -lt 20 ] || { told="$told  and more$newline" && break; }
	done
	say "$what would change what $name may not:" "${told%"$newline"}" \
		'hint: `orchestra check --path PATH` says who may change a path.'
	if [ "$hook" = pre-commit ]; then
		printf '%s\n' '  `git restore --staged PATH` takes it out of the commit.' >&2
		exit 1
	elif [ -e "$home/MERGE_HEAD" ]; then
		way='`orchestra apply` in the main worktree, then `git merge --continue`'
	elif [ -e "$home/rebase-merge" ] || [ -e "$home/rebase-apply" ]; then
		way='`orchestra apply` in the main worktree, then `git rebase --continue`'
	else
		way="\`orchestra sync $name\`, after \`git reset --merge\` if git has changed files for it"
	fi
	printf '%s\n' "  What came with the base counts once orchestra has seen it: $way." \
		"  What a base has lost since, for it was rewritten: \`orchestra sync --rebase $name\` leaves it behind." >&2
	exit 1
}

# --- hooks ------------------------------------------------------------------------------------------------------------

filling() {
	[ ! -e "$home/orchestra.filling" ] || refuse 'this tree is being filled' 'hint: wait for `orchestra apply`'
}

# Earlier than the other hook, which sees all of it: what a person wrote as a message is not lost yet.
pre_commit() (
	filling
	[ ! -e "$home/MERGE_HEAD" ] || return 0 # the merge is judged as soon as there is one
	as_it_is
	base=HEAD
	wrong=$(staged) || is_first || broken 'git cannot tell what is staged'
	[ -n "$wrong" ] || return 0
	is_put_back || tell 'this commit' "$wrong"
)

staged() { # what is staged outside of the area, or denied in it
	outside from_base || return
	denied from_base
}

from_base() {
	git diff-index --cached --name-only --no-renames --ignore-submodules=none "$base" "$@"
}

is_first() { # commit of a history: all that is staged is new
	! git rev-parse --quiet --verify HEAD >/dev/null && base=$(git hash-object -t tree /dev/null) && wrong=$(staged)
}

is_put_back() { # to what the base has: whether that mends something is for the other hook to say
	learn_bases
	IFS=' '
	for pin in $pinned; do
		base=$(git merge-base HEAD "$pin") && still=$(staged) && [ -z "$still" ] && return 0
	done
	return 1
}

is_foreign() { # a branch: is it a base, or checked out in another tree?
	case " $protected " in *" $1 "*) return 0 ;; esac
	set +f
	for file in "$common/HEAD" "$common"/worktrees/*/HEAD "$common"/rebase-*/head-name \
		"$common"/worktrees/*/rebase-*/head-name; do
		case $file in "$home"/*) continue ;; esac
		[ -r "$file" ] && IFS= read -r line <"$file" || continue
		case $line in "ref: $1" | "$1")
			set -f
			return 0
			;;
		esac
	done
	set -f
	return 1
}

# Packing refs is told as if each were set, and its own file, needless by then, as if the ref were deleted. Were it really
# deleted, git would have told of the packed one before, without its value: which is refused.
stays() { # old, new, ref: does the ref keep what it has?
	case $2 in
	*[!0]*)
		[ "$(git rev-parse --quiet --verify "$3")" = "$2" ]
		return
		;;
	esac
	case $1 in *[!0]*) ;; *) return 1 ;; esac
	(
		unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
		cd "$common" && git grep --no-index --quiet -e "^$1 $3\$" -- packed-refs
	)
}

is_autostash() { # commit: does git put away there what it took away itself? It has let go of it by now
	for file in "$home/MERGE_AUTOSTASH" "$home/rebase-merge/autostash" "$home/rebase-apply/autostash"; do
		[ -r "$file" ] && IFS= read -r kept <"$file" && [ "$kept" = "$1" ] && return 0
	done
	return 1
}

one_ref() { # old, new, ref; nothing twice is a deletion of whatever is there
	case $2 in
	*[!0]*) [ "$1" != "$2" ] || return 0 ;;
	esac
	if [ "$3" = "$branch" ]; then
		case $2 in *[!0]*) own_tip=$2 ;; *) stays "$@" || own_tip=$2 ;; esac
		return 0
	fi
	[ -z "$sandboxed" ] || return 0 # a copy: of its refs only the branch of the tree ever leaves it
	case $3 in
	refs/stash | refs/orchestra/*) ;;
	refs/heads/*) is_foreign "$3" || return 0 ;;
	*) return 0 ;;
	esac
	stays "$@" && return 0
	case $3 in
	refs/stash) is_autostash "$2" || refuse 'the stash is one for all trees, and another may take what this one puts there' \
		'hint: commit instead; what is to be undone can be: `git commit -m wip`' ;;
	refs/orchestra/*) refuse "$3 is orchestra's" 'hint: see `orchestra archive`' ;;
	*) refuse "${3#refs/heads/} is not the branch of this tree, which is ${branch#refs/heads/}" \
		'hint: change it where it is checked out' ;;
	esac
}

reference_transaction() {
	own_tip='' lines=''
	while IFS=' ' read -r old new ref; do
		lines="$lines$old $new $ref$newline"
		one_ref "$old" "$new" "$ref"
	done
	[ -n "$own_tip" ] || return 0
	filling
	case $own_tip in
	*[!0]*) judge "$own_tip" "${branch#refs/heads/}" || exit 1 ;;
	*) refuse "${branch#refs/heads/} is the branch of this tree" 'hint: `orchestra destroy` saves it before it removes it' ;;
	esac
}

pre_push() {
	lines=''
	while IFS=' ' read -r from new to old; do
		lines="$lines$from $new $to $old$newline"
		case $to in refs/heads/*) ;; *) continue ;; esac # tags and notes are on no branch
		case $new in
		*[!0]*) judge "$new" "${to#refs/heads/}" || exit 1 ;;
		*) is_foreign "$to" && refuse "${to#refs/heads/} is not the branch of this tree" 'hint: delete it elsewhere' ;;
		esac
	done
}

hand_on() { # the lines that git gave us
	[ -n "$previous" ] && [ -f "$previous/$hook" ] && [ -x "$previous/$hook" ] || exit 0
	printf '%s' "$lines" | "$previous/$hook" "$@"
	exit
}

case $hook in
pre-commit)
	pre_commit || exit 1
	chain "$@"
	;;
pre-push)
	pre_push
	hand_on "$@"
	;;
reference-transaction)
	reference_transaction
	hand_on "$@"
	;;
esac
