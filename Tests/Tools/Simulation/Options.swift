/// The arguments of the program.
struct Options {
    var first: UInt64 = 1
    var count: UInt64 = 100
    var jobs: UInt64 = 1
    var isVerbose = false
    var trouble = Trouble()
    /// The arguments for another process with the same faults.
    private(set) var troubleArguments: [String] = []

    var seeds: Range<UInt64> { first..<(first + count) }

    /// Nil if the arguments are invalid.
    init?(_ arguments: some Sequence<String>) {
        var rest = Array(arguments)[...]
        while let name = rest.popFirst() {
            if name == "--verbose" {
                isVerbose = true
                continue
            }
            if name == "--faults" || name == "--rules" {
                guard let list = rest.popFirst(), read(list, of: name) else { return nil }
                troubleArguments += [name, list]
                continue
            }
            guard let value = rest.popFirst().flatMap({ UInt64($0) }), value > 0, value < 1 << 40 else { return nil }
            switch name {
            case "--first": first = value
            case "--count": count = value
            case "--jobs": jobs = value
            default: return nil
            }
        }
    }

    private mutating func read(_ list: String, of name: String) -> Bool {
        if name == "--faults" {
            guard let faults = Self.set(FaultClass.self, list) else { return false }
            trouble.faults = faults
        } else {
            guard let rules = Self.set(Rule.self, list) else { return false }
            trouble.rules = rules
        }
        return true
    }

    private static func set<Member: RawRepresentable<String> & CaseIterable & Hashable>(
        _: Member.Type, _ list: String
    ) -> Set<Member>? {
        if list == "all" { return Set(Member.allCases) }
        if list == "none" { return [] }
        let members = list.split(separator: ",").map { Member(rawValue: String($0)) }
        return members.contains(nil) ? nil : Set(members.compactMap(\.self))
    }
}
