import TestSupport
import Testing

@testable import KubeRuntime

/// Random histories against a model that states only what must hold, not how.
@Suite struct WorkQueueModelTests {
    /// What the queue must still do for one key.
    private struct Debt {
        /// The earliest time for which a run was requested that has not started.
        var wantedFrom: ContinuousClock.Instant?
        var isRunning = false
        var failures = 0
        /// True if a run was requested while the key ran, and if one of those requests ends a backoff.
        var isDirty = false
        var endsBackoff = false

        /// Records a request for an immediate run.
        mutating func want(endsBackoff: Bool, now: ContinuousClock.Instant) {
            // Without a change a failed key still waits for its backoff.
            let waits = !isRunning && failures > 0 && (wantedFrom.map { $0 > now } ?? false)
            if waits, !endsBackoff { return }
            wantedFrom = now
            guard isRunning else { return }
            isDirty = true
            self.endsBackoff = self.endsBackoff || endsBackoff
        }

        mutating func begin() {
            isRunning = true
            wantedFrom = nil
            (isDirty, endsBackoff) = (false, false)
        }

        mutating func finish(failed: Bool, again: ContinuousClock.Instant?) {
            isRunning = false
            failures = failed ? failures + 1 : 0
            if failed, isDirty, !endsBackoff { wantedFrom = nil }
            if let again { wantedFrom = min(wantedFrom ?? again, again) }
        }
    }

    @Test(arguments: 0..<40) func `random histories match the model`(round: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        var queue = WorkQueueState<Int>()
        var debts: [Int: Debt] = [:]
        var now = ContinuousClock.now
        for _ in 0..<2_000 {
            let key = Int.random(in: 0..<12, using: &random)
            let priority: WorkPriority = Bool.random(using: &random) ? .normal : .low
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                let endsBackoff = Bool.random(using: &random)
                queue.add(key, priority: priority, endsBackoff: endsBackoff, now: now)
                debts[key, default: Debt()].want(endsBackoff: endsBackoff, now: now)
            case 1:
                let time = now + .seconds(Int.random(in: 1..<9, using: &random))
                queue.add(key, at: time, priority: priority, now: now)
                var debt = debts[key] ?? Debt()
                debt.wantedFrom = min(debt.wantedFrom ?? time, time)
                debts[key] = debt
            case 2, 3:
                let due = debts.contains { !$0.value.isRunning && ($0.value.wantedFrom ?? now + .seconds(1)) <= now }
                let item = queue.pop(now: now)
                #expect((item != nil) == due, "seed \(seed)")
                guard let item else { continue }
                #expect(debts[item.key]?.isRunning == false, "two workers on one key, seed \(seed)")
                #expect(item.attempt == (debts[item.key]?.failures ?? 0) + 1, "seed \(seed)")
                debts[item.key]?.begin()
            case 4:
                let failed = Bool.random(using: &random)
                let again = failed || Bool.random(using: &random) ? now + .seconds(3) : nil
                let wasRunning = queue.finish(key, failed ? .failed : .worked, again: again, now: now) != nil
                #expect(wasRunning == (debts[key]?.isRunning ?? false), "seed \(seed)")
                guard wasRunning, var debt = debts[key] else { continue }
                debt.finish(failed: failed, again: again)
                debts[key] = debt.wantedFrom == nil ? nil : debt
            default:
                now += .seconds(Int.random(in: 0..<4, using: &random))
            }
            queue.promote(now: now)
            #expect(queue.count == debts.count, "idle keys must leave no trace, seed \(seed)")
        }
    }
}
