/// The number of characters, bytes, items or entries that a value can have, from `minimum` to `maximum`.
struct CELSize: Hashable, Sendable {
    var minimum: UInt64
    var maximum: UInt64

    /// A value without a known limit.
    static let unknown = CELSize(0, UInt64.max)

    init(_ minimum: UInt64, _ maximum: UInt64) {
        self.minimum = minimum
        self.maximum = maximum
    }

    init(exactly size: Int) { self.init(UInt64(clamping: size), UInt64(clamping: size)) }

    func union(_ other: CELSize) -> CELSize {
        CELSize(min(minimum, other.minimum), max(maximum, other.maximum))
    }

    static func + (left: CELSize, right: CELSize) -> CELSize {
        CELSize(left.minimum.saturatingAdd(right.minimum), left.maximum.saturatingAdd(right.maximum))
    }

    static func * (left: CELSize, right: CELSize) -> CELSize {
        CELSize(left.minimum.saturatingMultiply(right.minimum), left.maximum.saturatingMultiply(right.maximum))
    }
}

/// Arithmetic on sizes and costs. A result that does not fit is the largest value.
extension UInt64 {
    package func saturatingAdd(_ other: UInt64) -> UInt64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }

    package func saturatingMultiply(_ other: UInt64) -> UInt64 {
        let (product, overflows) = multipliedReportingOverflow(by: other)
        return overflows ? .max : product
    }

    /// The product, rounded up.
    func scaled(by factor: Double) -> UInt64 { UInt64(exactly: (Double(self) * factor).rounded(.up)) ?? .max }
}

/// How large a declared value and its parts can become.
package final class CELSizeLimit: Sendable {
    package enum Parts: Sendable {
        case none
        case fields([String: CELSizeLimit])
        case items(CELSizeLimit)
        /// The values of a map. The size of keys counts as 0.
        case values(CELSizeLimit)
    }

    /// The characters of a string, items of a list or entries of a map; 0 for values that have no size.
    let maximum: UInt64
    let parts: Parts

    package init(_ maximum: UInt64, _ parts: Parts = .none) {
        self.maximum = maximum
        self.parts = parts
    }

    private static let key = CELSizeLimit(0)

    fileprivate func part(_ segment: CELPath.Segment) -> CELSizeLimit? {
        switch (segment, parts) {
        case (.element, .items(let limit)), (.element, .values(let limit)): limit
        case (.key, .values): Self.key
        case (.field(let name), .fields(let fields)): fields[EscapedName.unescaped(name)]
        default: nil
        }
    }
}

/// The way from a variable to a part of its value. The first segment is the variable; a computed value has no path.
///
/// Paths share storage as Go slices do: if a path has room, it is extended in place, and extending it a second time
/// changes the path that was made first. The API server estimates with such paths, so its result can depend on the
/// order of the fields in an expression.
struct CELPath {
    enum Segment: Sendable {
        case field(String)
        /// An item of a list or a value of a map.
        case element
        case key
    }

    private final class Storage {
        var segments: [Segment]
        let capacity: Int

        init(_ segments: [Segment], capacity: Int) {
            self.segments = segments
            self.capacity = capacity
        }
    }

    private var storage: Storage?
    private var count = 0

    /// The path of a computed value.
    init() {}

    init(variable: String) { self = CELPath().appending(.field(variable)) }

    func appending(_ segment: Segment) -> CELPath {
        var path = self
        path.count += 1
        if let storage, count < storage.capacity {
            storage.segments = storage.segments.prefix(count) + [segment] + storage.segments.dropFirst(count + 1)
        } else {
            let segments = Array(storage?.segments.prefix(count) ?? [])
            path.storage = Storage(segments + [segment], capacity: max(1, 2 * count))
        }
        return path
    }

    /// The limit of the value at the path, where `root` is the limit of every variable; nil if there is none.
    func limit(in root: CELSizeLimit, then last: Segment? = nil) -> CELSizeLimit? {
        guard let storage, count > 0 else { return nil }
        var limit = root
        for segment in storage.segments.prefix(count).dropFirst() + (last.map { [$0] } ?? []) {
            guard let part = limit.part(segment) else { return nil }
            limit = part
        }
        return limit
    }
}
