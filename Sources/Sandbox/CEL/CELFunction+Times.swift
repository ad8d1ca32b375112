import KubeClient

extension CELFunction {
    static let times: [CELFunction] = [
        getter("getFullYear") { $0.date.year }, getter("getMonth") { $0.date.month - 1 },
        getter("getDayOfMonth") { $0.date.day - 1 }, getter("getDate") { $0.date.day },
        // 1970-01-01 was a Thursday; Sunday is 0.
        getter("getDayOfWeek") { (($0.day + 4) % 7 + 7) % 7 }, getter("getDayOfYear") { $0.dayOfYear },
        getter("getHours", of: 3600) { $0.second / 3600 }, getter("getMinutes", of: 60) { $0.second / 60 % 60 },
        getter("getSeconds", of: 1) { $0.second % 60 }, getter("getMilliseconds", of: 0) { $0.nanoseconds / 1_000_000 },
    ]

    /// A time taken apart in some time zone.
    private struct Moment {
        let day: Int64
        let second: Int64
        let nanoseconds: Int64

        init(_ time: Timestamp, offset: Int64) {
            let local = time.seconds + offset
            second = (local % 86_400 + 86_400) % 86_400
            day = (local - second) / 86_400
            nanoseconds = Int64(time.nanoseconds)
        }

        var date: CivilDate { CivilDate(daysSince1970: day) }

        var dayOfYear: Int64 { CivilDate(year: date.year, month: 1, day: 1).map { day - $0.daysSince1970 } ?? 0 }
    }

    /// A part of a time; `unit` seconds make up the part when a duration is asked for it (0: milliseconds).
    private static func getter(
        _ name: String, of unit: Int64? = nil, _ part: @escaping @Sendable (Moment) -> Int64
    ) -> CELFunction {
        var signatures: [Signature] = [.method(.timestamp, to: .int), .method(.timestamp, .string, to: .int)]
        if unit != nil { signatures.append(.method(.duration, to: .int)) }
        return CELFunction(name, signatures) { (arguments) throws(CELError) in
            switch (arguments.first, arguments.count) {
            case (.timestamp(let time)?, 1): return .int(part(Moment(time, offset: 0)))
            case (.timestamp(let time)?, 2):
                guard case .string(let zone) = arguments[1] else { return nil }
                return .int(part(Moment(time, offset: try offset(of: zone))))
            case (.duration(let duration)?, 1):
                guard let unit else { return nil }
                let parts = duration.components
                return .int(unit > 0 ? parts.seconds / unit : parts.attoseconds / 1_000_000_000_000_000)
            default: return nil
            }
        }
    }

    /// The seconds a zone is ahead of UTC; zones by name need a database that is not at hand.
    private static func offset(of zone: String) throws(CELError) -> Int64 {
        if zone == "UTC" || zone == "Z" { return 0 }
        let signed = zone.hasPrefix("-") || zone.hasPrefix("+") ? zone : "+" + zone
        guard let epoch = Timestamp(rfc3339: "1970-01-01T00:00:00" + signed) else {
            throw CELError("unknown time zone \(zone): use UTC or an offset such as +02:00")
        }
        return -epoch.seconds
    }
}
