package facts

import (
	"strconv"
	"time"

	"runner/fmt"
)

func dateTime(g *gathering) {
	now := time.Now()
	utc := now.UTC()
	zone, _ := now.Zone()
	epoch := strconv.FormatInt(now.Unix(), 10)
	micro := fmt.Sprintf("%06d", now.Nanosecond()/1000)
	g.set("date_time", dict(
		"year", now.Format("2006"), "month", now.Format("01"), "weekday", now.Format("Monday"),
		"weekday_number", strconv.Itoa(int(now.Weekday())), "weeknumber", fmt.Sprintf("%02d", weekNumber(now)),
		"day", now.Format("02"), "hour", now.Format("15"), "minute", now.Format("04"), "second", now.Format("05"),
		"epoch", epoch, "epoch_int", epoch, "date", now.Format("2006-01-02"), "time", now.Format("15:04:05"),
		"iso8601_micro", utc.Format("2006-01-02T15:04:05.")+micro+"Z", "iso8601", utc.Format("2006-01-02T15:04:05Z"),
		"iso8601_basic", now.Format("20060102T150405")+micro, "iso8601_basic_short", now.Format("20060102T150405"),
		"tz", zone, "tz_dst", summerZone(now), "tz_offset", now.Format("-0700")))
}

// weekNumber is strftime's %W: weeks begin on Monday, days before the first Monday are week 0.
func weekNumber(t time.Time) int {
	return (t.YearDay() - 1 + 7 - (int(t.Weekday())+6)%7) / 7
}

// summerZone is the name of the zone while clocks are forward, of the year's only zone where they never are.
func summerZone(now time.Time) string {
	winter, a := time.Date(now.Year(), 1, 1, 12, 0, 0, 0, now.Location()).Zone()
	summer, b := time.Date(now.Year(), 7, 1, 12, 0, 0, 0, now.Location()).Zone()
	if a > b {
		return winter
	}
	return summer
}
