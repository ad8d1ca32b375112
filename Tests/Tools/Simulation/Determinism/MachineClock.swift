import KubeClient
import KubeRuntime

extension WallClock {
    /// The clock of one machine: off by any amount, and a little faster or slower than `truth`.
    ///
    /// - Parameter jumps: whether it is set once while it runs.
    static func ofMachine(_ truth: WallClock, random: SeededRandom, jumps: Bool = false) -> WallClock {
        let offset = anyOffset(random)
        let drift = (random.unit() - 0.5) * 0.002
        let jump: (after: Duration, by: Duration)? =
            jumps && random.chance(0.4) ? (random.duration(.seconds(1)...(.seconds(400))), anyOffset(random)) : nil
        let start = truth.now()
        return WallClock {
            let elapsed = truth.now() - start
            var shown = start + offset + elapsed + elapsed * drift
            if let jump, elapsed >= jump.after { shown = shown + jump.by }
            return shown
        }
    }

    /// From seconds to weeks, in both directions.
    private static func anyOffset(_ random: SeededRandom) -> Duration {
        let size = random.pick([Duration.zero, .seconds(5), .seconds(600), .seconds(90_000), .seconds(3_000_000)])
        return size * (random.unit() * 2 - 1)
    }
}

extension Timestamp {
    /// The form of HTTP's `Date` header: `Thu, 01 Jan 2026 10:00:00 GMT`.
    var httpDate: String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = (seconds - (seconds % 86_400 + 86_400) % 86_400) / 86_400
        let text = Array(rfc3339)
        func part(_ range: Range<Int>) -> String { String(text[range]) }
        let month = months[(Int(part(5..<7)) ?? 1) - 1]
        let weekday = days[Int((day % 7 + 7) % 7)]
        return "\(weekday), \(part(8..<10)) \(month) \(part(0..<4)) \(part(11..<19)) GMT"
    }
}
