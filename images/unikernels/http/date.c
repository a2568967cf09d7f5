#include "date.h"

#include "../libos/format.h"

void http_date(uint64_t seconds, char buffer[HTTP_DATE_SIZE]) {
  static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  uint32_t day = (uint32_t)(seconds / 86400), second = (uint32_t)(seconds % 86400);
  /* Howard Hinnant's civil_from_days: the year begins in March, so that the leap day comes last. */
  uint32_t shifted = day + 719468, era = shifted / 146097, in_era = shifted % 146097;
  uint32_t year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  uint32_t in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint32_t shifted_month = (5 * in_year + 2) / 153;
  uint32_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  uint32_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  struct text day_name = {days + 3 * (day % 7), 3}, month_name = {months + 3 * (month - 1), 3};
  format(buffer, HTTP_DATE_SIZE, "%t, %02u %t %u %02u:%02u:%02u GMT", day_name, in_year - (153 * shifted_month + 2) / 5 + 1,
         month_name, year, second / 3600, second / 60 % 60, second % 60);
}
