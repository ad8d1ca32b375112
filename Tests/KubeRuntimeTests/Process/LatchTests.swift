import KubeClient
import KubeRuntime
import Testing

@Suite struct LatchTests {
    let latch = Latch()
    let woken = Locked(0)

    @Test func `resumes all waiting tasks and later ones immediately`() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    await latch.wait()
                    woken.withLock { $0 += 1 }
                }
            }
            #expect(!latch.isSet)
            latch.set()
        }
        #expect(woken.withLock { $0 } == 8)
        await latch.wait()
        #expect(latch.isSet)
    }

    @Test func `cancellation ends the wait but does not set the latch`() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await latch.wait() }
            group.addTask { await latch.wait() }
            group.cancelAll()
        }
        #expect(!latch.isSet)
    }
}
