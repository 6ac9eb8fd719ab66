import json, subprocess, sys, threading

with open('file.json', 'w') as file:
    json.dump(list(range(1000)), file)
with open('file.json') as file:
    assert len(json.load(file)) == 1000
threads = [threading.Thread(target=json.dumps, args=([1],)) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
subprocess.run([sys.executable, '-c', 'pass'], check=True)
