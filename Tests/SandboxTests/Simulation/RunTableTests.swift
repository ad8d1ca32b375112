import KubeClient
import Testing

@testable import Sandbox

@Suite struct RunTableTests {
    private func run(_ name: String, uid: String = "1", status: String = "") -> (JSONValue, ObjectKey) {
        let object: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "ns", "uid": .string(uid)],
            "spec": ["pipelineRef": ["name": "p"], "status": .string(status)],
        ]
        return (object, ObjectKey(namespace: "ns", name: name))
    }

    @Test func onlyNewRequestsWakeARun() {
        var table = RunTable<SimulatedPipelineRun>()
        let (object, key) = run("a")
        let isWoken = table.observe(object, key: key)
        #expect(isWoken)
        let isWokenAgain = table.observe(object, key: key)
        #expect(!isWokenAgain)
        let nothing = table.takeRequest(key)
        #expect(nothing == nil)
        let isWokenByRequest = table.observe(run("a", status: "Cancelled").0, key: key)
        #expect(isWokenByRequest)
        let request = table.takeRequest(key)
        #expect(request == "Cancelled")
        let nothingMore = table.takeRequest(key)
        #expect(nothingMore == nil)
    }

    @Test func aRunIsWithOneWorkerAndDroppedWhenItWasDeleted() throws {
        var table = RunTable<SimulatedPipelineRun>()
        let (object, key) = run("a")
        _ = table.observe(object, key: key)
        let first = table.take(key)
        let (taken, uid) = try #require(first)
        let second = table.take(key)
        #expect(second == nil)
        table.remove(key, uid: uid)
        let isWoken = table.observe(run("a", uid: "2").0, key: key)
        #expect(isWoken)
        let isWanted = table.put(taken, key: key, uid: uid)
        #expect(!isWanted)
        let later = table.take(key)
        #expect(later?.uid == "2")
    }

    @Test func runsThatALaterWatchDoesNotTellAreForgotten() {
        var table = RunTable<SimulatedPipelineRun>()
        let (first, firstKey) = run("a")
        let (second, secondKey) = run("b")
        table.beginWatch()
        _ = table.observe(first, key: firstKey)
        _ = table.observe(second, key: secondKey)
        table.endInitialEvents()
        table.beginWatch()
        _ = table.observe(second, key: secondKey)
        table.endInitialEvents()
        let forgotten = table.take(firstKey)
        #expect(forgotten == nil)
        let kept = table.take(secondKey)
        #expect(kept != nil)
    }

    @Test func endedRunsAndThoseOfOthersAreLeftAlone() {
        let ended: JSONValue = [
            "metadata": ["name": "a", "namespace": "ns"], "spec": [:],
            "status": ["conditions": [["type": "Succeeded", "status": "False"]]],
        ]
        let foreign: JSONValue = ["metadata": ["name": "a", "namespace": "ns"], "spec": ["managedBy": "kueue"]]
        #expect(SimulatedPipelineRun(ended) == nil)
        #expect(SimulatedPipelineRun(foreign) == nil)
        let workflow: JSONValue = ["metadata": ["name": "a"], "spec": [:], "status": ["phase": "Error"]]
        #expect(SimulatedWorkflow(workflow) == nil)
        let instance: JSONValue = [
            "metadata": ["name": "a", "labels": ["workflows.argoproj.io/controller-instanceid": "x"]], "spec": [:],
        ]
        #expect(SimulatedWorkflow(instance) == nil)
    }
}
