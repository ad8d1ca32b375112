import KubeClient
import KubeRuntime

@testable import Sandbox

/// Plays one run on virtual time, step by step, and acts as its user in between.
struct RunRehearsal<Run: SimulatedRun> {
    let time: VirtualTime
    let cluster: FakeCluster
    let loop: RunLoop<Run>
    let resource: GroupVersionResource
    let key: ObjectKey

    /// Creates the run and plays it until nothing is left to happen.
    ///
    /// Where a recorded state differs from the one before it in `spec`, a user did that; the same is done to the
    /// simulated run as soon as it has as many states.
    func play(_ run: JSONValue, asRecorded recorded: [JSONValue] = []) async throws {
        let object = try await cluster.create(resource, namespace: key.namespace, run, fieldManager: "test")
        loop.observe(.added(object))
        for _ in 0..<1000 {
            let outcome = await loop.proceed(key)
            if try await actAsUser(recorded) { continue }
            guard case .requeue(let delay) = outcome else { return }
            time.advance(by: delay)
        }
    }

    private func actAsUser(_ recorded: [JSONValue]) async throws -> Bool {
        let count = cluster.life(resource.resource, key.name).count
        guard count > 2, recorded.indices.contains(count),
            let patch = MergePatch.difference(
                from: recorded[count - 1]["spec"] ?? .null, to: recorded[count]["spec"] ?? .null)
        else { return false }
        let object = try await cluster.patch(
            resource, namespace: key.namespace, name: key.name, merge: ["spec": patch], subresource: nil,
            fieldManager: "test")
        loop.observe(.modified(object))
        return true
    }
}

extension SandboxEnvironment {
    /// Virtual time, and randomness that is none.
    static func virtual(_ time: VirtualTime) -> SandboxEnvironment {
        let counter = Locked(UInt64(0))
        return SandboxEnvironment(
            clock: time.wallClock(),
            random: {
                counter.withLock { count in
                    count += 1
                    return count &* 0x9E37_79B9_7F4A_7C15
                }
            },
            sleep: { try await time.sleep(for: $0) })
    }
}
