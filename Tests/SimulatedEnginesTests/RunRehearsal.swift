import KubeClient
import KubeRuntime
import TestSupport

@testable import APIServer
@testable import Schema
@testable import SimulatedEngines

/// Plays one run on virtual time, step by step, and acts as its user in between.
struct RunRehearsal<Run: SimulatedRun> {
    let time: VirtualTime
    let cluster: FakeCluster
    let loop: RunDriver<Run>
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

/// Compares what was written with what a recording has, apart from what differs from run to run.
struct Difference {
    /// Keys whose values are not compared, wherever they stand; that they are there is.
    var volatile: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "lastTransitionTime", "startTime", "completionTime",
        "startedAt", "finishedAt", "finallyStartTime", "tekton.dev/pipelineRunUID",
        "workflows.argoproj.io/trace-id", "resourcesDuration",
    ]
    /// Keys that are not compared at all.
    var ignored: Set<String> = []

    /// The first place where two lists of states differ, or nil.
    func first(_ actual: [JSONValue], _ recorded: [JSONValue], in name: String) -> String? {
        for index in 0..<min(actual.count, recorded.count) {
            if let path = first(actual[index], recorded[index], at: "\(name)[\(index)]") { return path }
        }
        return actual.count == recorded.count ? nil : "\(name): \(actual.count) states, recorded \(recorded.count)"
    }

    private func first(_ actual: JSONValue, _ recorded: JSONValue, at path: String) -> String? {
        switch (actual, recorded) {
        case (.object(let mine), .object(let theirs)):
            for key in Set(mine.keys).union(theirs.keys).sorted() where !ignored.contains(key) {
                let place = "\(path).\(key)"
                switch (mine[key], theirs[key]) {
                case (let mine?, let theirs?):
                    if volatile.contains(key) { continue }
                    if let found = first(mine, theirs, at: place) { return found }
                case (nil, let theirs?): return "\(place) is missing, recorded \(theirs.encodedString.prefix(200))"
                case (let mine?, nil): return "\(place) is \(mine.encodedString.prefix(200)), not recorded"
                case (nil, nil): continue
                }
            }
            return nil
        case (.array(let mine), .array(let theirs)):
            for index in 0..<min(mine.count, theirs.count) {
                if let found = first(mine[index], theirs[index], at: "\(path)[\(index)]") { return found }
            }
            return mine.count == theirs.count ? nil : "\(path) has \(mine.count) elements, recorded \(theirs.count)"
        default:
            return actual == recorded
                ? nil : "\(path) is \(actual.encodedString.prefix(300)), recorded \(recorded.encodedString.prefix(300))"
        }
    }
}
