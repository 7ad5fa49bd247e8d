from .test_tests_and_reports import *
from .test_tests_and_reports import course, REPORT, RAVI, SLUG
def test_pictures(site, course, visit):
    import os
    os.makedirs("/tmp/e6/shots", exist_ok=True)
    for lang in ("en","ar"):
        for w,h in ((360,740),(1280,800)):
            t=visit(STAFF, viewport={"width":w,"height":h}); l=visit(RAVI, viewport={"width":w,"height":h})
            for p,path,name in [(t,course+"tests","tests"),(t,course+"tests/final","test"),(t,course+"tests/final/sample?seed=a","sample"),(t,course+"tests/final/sittings","sittings"),(t,course+"reports","reports"),(t,"/centre/reports","centre"),(l,REPORT,"report"),(l,f"/courses/{SLUG}/report/m1-saluti-say","reportblock"),(l,REPORT+"?sent=1","sent"),(l,f"/courses/{SLUG}/m1-saluti","unit"),(l,f"/courses/{SLUG}","course"),(t,course+"bank","bank")]:
                p.goto(in_language(path,lang)); p.screenshot(path=f"/tmp/e6/shots/{name}-{lang}-{w}.png", full_page=(name not in("sample",)))
